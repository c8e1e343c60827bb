export * as OpenAi from "./OpenAi.ts"
export * as Settings from "./Settings.ts"
