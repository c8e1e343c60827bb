export * as DemoModel from "./DemoModel.ts"
