import { CSPProvider } from "@base-ui/react/csp-provider"
import { StrictMode } from "react"
import { createRoot } from "react-dom/client"
import { App } from "./App.tsx"
import { Fallen } from "./Fallen.tsx"
import "./style/base.css"
import "./style/shell.css"
import "./style/conversation.css"
import "./style/memory.css"
import "./style/layers.css"
import "./style/motion.css"

const root = document.getElementById("root")
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <CSPProvider disableStyleElements>
        <Fallen>
          <App />
        </Fallen>
      </CSPProvider>
    </StrictMode>
  )
}
