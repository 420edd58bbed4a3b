import { defineConfig } from "vitest/config"
import { patience, reporters, resolve } from "./vitest.base.ts"

// Vectors that are not part of this repository: see test/vectors.
export default defineConfig({
  resolve,
  test: { ...patience, reporters, include: ["test/vectors/*.vectors.ts"] }
})
