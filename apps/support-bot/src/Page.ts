/** The page's files, read once at the start, with the headers that keep foreign code out of it. */
import { readdir, readFile } from "node:fs/promises"
import { extname, join, sep } from "node:path"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png"
}

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'"
].join("; ")

const headers = {
  "content-security-policy": policy,
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "permissions-policy": "camera=(), microphone=(), geolocation=()"
}

/** Files in `assets` have their content's hash in their names. */
const cacheOf = (path: string): string =>
  path.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache"

const responseOf = (path: string, content: Uint8Array) =>
  HttpServerResponse.uint8Array(content, {
    contentType: types[extname(path)] ?? "application/octet-stream",
    headers: { ...headers, "cache-control": cacheOf(path) }
  })

const unbuilt = HttpServerResponse.text("The page is not built. Run: pnpm start\n", {
  status: 503,
  headers
})

const read = async (folder: string): Promise<ReadonlyArray<readonly [string, Uint8Array]>> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return await Promise.all(
    files.map(async ({ name, parentPath }) => {
      const file = join(parentPath, name)
      const path = file.slice(folder.length).split(sep).join("/")
      return [path, await readFile(file)] as const
    })
  )
}

/** A route for each file of `folder`; `/` is its index.html. */
export const layer = (folder: string) =>
  Layer.unwrap(
    Effect.map(
      Effect.promise(() => read(folder).catch(() => [])),
      (files) => {
        if (files.length === 0) return HttpRouter.add("GET", "/", unbuilt)
        const routes = files.flatMap(([path, content]) => {
          const response = responseOf(path, content)
          const at = path === "/index.html" ? (["/", path] as const) : ([path] as const)
          return at.map((one) => HttpRouter.route("GET", one as `/${string}`, response))
        })
        return HttpRouter.addAll(routes)
      }
    )
  )
