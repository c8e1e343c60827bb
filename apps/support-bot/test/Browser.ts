/** A browser for tests of pages: the pinned one where one is packaged, else the one of this machine. */
import { execFile } from "node:child_process"
import { randomUUID } from "node:crypto"
import {
  accessSync,
  constants,
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync
} from "node:fs"
import { createRequire } from "node:module"
import { delimiter, dirname, join } from "node:path"
import { pipeline } from "node:stream/promises"
import { promisify } from "node:util"
import { createBrotliDecompress } from "node:zlib"

const run = promisify(execFile)

/** A browser program and the environment that it needs. */
export interface Browser {
  readonly executablePath: string
  readonly env: Readonly<Record<string, string>>
}

/** No sandbox: containers seldom allow one, and it opens nothing but our page. */
export const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--font-render-hinting=none"
]

const programs = [
  "google-chrome",
  "google-chrome-stable",
  "chromium",
  "chromium-browser",
  "microsoft-edge"
]
const applications = ["Google Chrome", "Chromium", "Microsoft Edge"]

/** Where a browser may be installed. */
const places = (): ReadonlyArray<string> => {
  const { env, platform } = process
  const found = (env["PATH"] ?? "")
    .split(delimiter)
    .flatMap((folder) => programs.map((name) => join(folder, name)))
  if (platform === "darwin") {
    const bases = ["/Applications", `${env["HOME"]}/Applications`]
    for (const base of bases) {
      for (const name of applications) found.push(`${base}/${name}.app/Contents/MacOS/${name}`)
    }
  }
  if (platform === "win32") {
    for (const key of ["PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"]) {
      found.push(`${env[key]}\\Google\\Chrome\\Application\\chrome.exe`)
    }
  }
  return found
}

/** Why a program does not start; `undefined` when it does. */
const whyNot = async (
  path: string,
  env: Readonly<Record<string, string>> = {}
): Promise<string | undefined> => {
  try {
    accessSync(path, constants.X_OK)
    // There `--version` opens a window.
    if (process.platform === "win32") return undefined
    const { stdout } = await run(path, ["--version"], {
      env: { ...process.env, ...env },
      timeout: 15_000
    })
    return /\d+\.\d+/.test(stdout) ? undefined : `it printed no version: ${stdout.trim()}`
  } catch (error) {
    const text = String(error)
    return text.split("\n").find((line) => /shared libr|ENOENT|EACCES|snap/.test(line)) ?? text
  }
}

const unpackInto = async (draft: string, home: string, root: string): Promise<void> => {
  const { extract } = createRequire(join(root, "package.json"))("tar-fs")
  mkdirSync(draft, { recursive: true })
  const unpack = (name: string, to: NodeJS.WritableStream) =>
    pipeline(createReadStream(join(root, "bin", name)), createBrotliDecompress(), to)
  await Promise.all([
    unpack("chromium.br", createWriteStream(join(draft, "chromium"), { mode: 0o755 })),
    unpack("al2023.tar.br", extract(draft)),
    unpack("fonts.tar.br", extract(join(draft, "fonts")))
  ])
  const fonts = `<dir>${home}/fonts</dir><cachedir>${home}/fonts-cache</cachedir>`
  writeFileSync(
    join(draft, "fonts.conf"),
    `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>${fonts}</fontconfig>`
  )
}

/** The Chromium inside its package, unpacked once also when several processes want it at a time. */
const packaged = async (): Promise<Browser | string> => {
  if (process.platform !== "linux" || process.arch !== "x64") {
    return `none is packaged for ${process.platform}-${process.arch}`
  }
  let root: string
  try {
    root = join(dirname(createRequire(import.meta.url).resolve("@sparticuz/chromium")), "..")
  } catch {
    return "@sparticuz/chromium is not installed: optional dependencies were left out"
  }
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
  const home = join(
    import.meta.dirname,
    "../../../node_modules/.cache",
    `chromium-${String(version)}`
  )
  if (!existsSync(home)) {
    const draft = `${home}.${randomUUID()}`
    await unpackInto(draft, home, root)
    try {
      renameSync(draft, home)
    } catch {
      // Somebody else was first.
      rmSync(draft, { recursive: true, force: true })
    }
  }
  const executablePath = join(home, "chromium")
  const env = { FONTCONFIG_FILE: join(home, "fonts.conf") }
  if ((await whyNot(executablePath, env)) === undefined) return { executablePath, env }
  // A bare machine lacks libraries; they are in the package too.
  const complete = { ...env, LD_LIBRARY_PATH: join(home, "lib") }
  const why = await whyNot(executablePath, complete)
  return why === undefined ? { executablePath, env: complete } : `the packaged one: ${why}`
}

/** A browser that starts. Fails with every reason why none does; no test is skipped for want of one. */
export const findBrowser = async (): Promise<Browser> => {
  const named = process.env["ATRIUM_BROWSER"]
  if (named !== undefined) {
    const why = await whyNot(named)
    if (why !== undefined) throw new Error(`ATRIUM_BROWSER=${named}: ${why}`)
    return { executablePath: named, env: {} }
  }
  const pinned = await packaged()
  if (typeof pinned !== "string") return pinned
  const tried = [pinned]
  for (const path of places().filter((place) => existsSync(place))) {
    const why = await whyNot(path)
    if (why === undefined) return { executablePath: path, env: {} }
    tried.push(`${path}: ${why}`)
  }
  const reasons = tried.map((line) => `- ${line}`).join("\n")
  throw new Error(
    `No browser can be started.\n${reasons}\nInstall Chrome or Chromium, or set ATRIUM_BROWSER to its path.`
  )
}
