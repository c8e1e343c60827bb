/** Markdown's tree, as far as marks of citations are concerned. */
interface Node {
  readonly type: string
  readonly value?: string
  readonly url?: string
  children?: Array<Node>
}

/** Where a mark leads. */
export const markOf = (number: number): string => `#source-${number}`
export const numberOf = (url: string | undefined): number | undefined => {
  const found = /^#source-(\d+)$/.exec(url ?? "")?.[1]
  return found === undefined ? undefined : Number(found)
}

const pieces = (text: string, numbers: ReadonlySet<number>): Array<Node> => {
  const nodes: Array<Node> = []
  let from = 0
  for (const match of text.matchAll(/\[(\d{1,3})\]/g)) {
    const number = Number(match[1])
    // A number without a source stays text.
    if (!numbers.has(number)) continue
    if (match.index > from) nodes.push({ type: "text", value: text.slice(from, match.index) })
    nodes.push({
      type: "link",
      url: markOf(number),
      children: [{ type: "text", value: String(number) }]
    })
    from = match.index + match[0].length
  }
  if (from < text.length) nodes.push({ type: "text", value: text.slice(from) })
  return nodes
}

const mark = (node: Node, numbers: ReadonlySet<number>): void => {
  if (node.type === "link" || node.children === undefined) return
  node.children = node.children.flatMap((child) => {
    if (child.type === "text") return pieces(child.value ?? "", numbers)
    mark(child, numbers)
    return [child]
  })
}

/** A plugin that turns `[1]` into a link to the source of that number. */
export const citing =
  ({ numbers }: { readonly numbers: ReadonlySet<number> }) =>
  (tree: Node): void =>
    mark(tree, numbers)
