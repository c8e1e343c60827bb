export * as FakeModel from "./FakeModel.ts"
