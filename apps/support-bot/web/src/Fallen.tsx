import { Component, type ReactNode } from "react"

/** What is shown when the page itself fails: nothing is lost with it, since the server has it all. */
export class Fallen extends Component<
  { readonly children: ReactNode },
  { readonly fallen: boolean }
> {
  override state = { fallen: false }

  static getDerivedStateFromError(): { readonly fallen: boolean } {
    return { fallen: true }
  }

  override render(): ReactNode {
    if (!this.state.fallen) return this.props.children
    return (
      <main className="empty entrance" role="alert">
        <h1>This page failed</h1>
        <p>Your conversation is kept. Load the page again to go on.</p>
        <button type="button" className="button primary" onClick={() => location.reload()}>
          Load again
        </button>
      </main>
    )
  }
}
