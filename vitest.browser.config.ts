import { defineConfig, mergeConfig } from "vitest/config"
import config from "./vitest.config.ts"

/** What a person sees, in a real browser: `npm run test:browser`. */
export default mergeConfig(
  { ...config, test: { ...config.test, include: [] } },
  defineConfig({
    test: {
      include: ["test/browser/**/*.browser.ts"],
      // a slow machine may take minutes to start a browser: no test depends on time
      testTimeout: 300_000,
      hookTimeout: 300_000,
      fileParallelism: false
    }
  })
)
