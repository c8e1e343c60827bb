export * as Native from "./Native.ts"
