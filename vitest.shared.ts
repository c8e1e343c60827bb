import { defaultClientConditions, defaultServerConditions } from "vite"
import { defineConfig } from "vitest/config"

/** Options every package's `vitest.config.ts` starts from: tests read workspace packages from `src`. */
export default defineConfig({
  resolve: { conditions: ["@atrium/source", ...defaultClientConditions] },
  ssr: { resolve: { conditions: ["@atrium/source", ...defaultServerConditions] } },
  test: {
    include: ["test/**/*.test.ts"],
    benchmark: { include: ["bench/**/*.bench.ts"] }
  }
})
