import { defineConfig, mergeConfig } from "vitest/config"
import base from "./vitest.config.ts"

// Vectors that are not part of this repository: see test/vectors.
export default mergeConfig(
  { ...base, test: { ...base.test, include: [] } },
  defineConfig({ test: { include: ["test/vectors/*.vectors.ts"] } })
)
