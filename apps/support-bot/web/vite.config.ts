import react from "@vitejs/plugin-react"
import { defaultClientConditions, defineConfig } from "vite"

export default defineConfig({
  plugins: [react()],
  resolve: { conditions: ["@atrium/source", ...defaultClientConditions] },
  build: {
    outDir: "../dist/public",
    emptyOutDir: true,
    target: "baseline-widely-available",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1000
  }
})
