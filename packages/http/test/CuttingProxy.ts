/** A way to a server that breaks: each connection is cut after as many bytes as `cutAfter` says. */
import { type AddressInfo, connect, createServer, type Socket } from "node:net"
import * as Effect from "effect/Effect"

/** `cutAfter`: bytes of answers let through on the n-th connection, from 0; Infinity for all. */
export const make = (port: number, cutAfter: (connection: number) => number) =>
  Effect.acquireRelease(
    Effect.callback<{
      readonly port: number
      readonly connections: () => number
      readonly close: () => void
    }>((resume) => {
      const open = new Set<Socket>()
      let connections = 0
      const server = createServer((near) => {
        const most = cutAfter(connections)
        connections += 1
        let passed = 0
        const far = connect(port, "127.0.0.1")
        const end = (): void => {
          near.destroy()
          far.destroy()
        }
        for (const socket of [near, far]) {
          open.add(socket)
          socket.on("error", end)
          socket.on("close", () => {
            open.delete(socket)
            end()
          })
        }
        near.pipe(far)
        far.on("data", (chunk: Buffer) => {
          const rest = chunk.subarray(0, Math.max(0, most - passed))
          passed += chunk.length
          if (passed < most) near.write(rest)
          else near.end(rest, end)
        })
      })
      server.listen(0, "127.0.0.1", () =>
        resume(
          Effect.succeed({
            port: (server.address() as AddressInfo).port,
            connections: () => connections,
            close: () => {
              for (const socket of open) socket.destroy()
              server.close()
            }
          })
        )
      )
    }),
    ({ close }) => Effect.sync(close)
  )
