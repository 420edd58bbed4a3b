import { mergeConfig } from "vitest/config"
import config from "./vitest.config.ts"

/** Tests that need Debian's curl and redis-server: `npm run test:curl`. */
export default mergeConfig(
  { ...config, test: { ...config.test, include: [] } },
  { test: { include: ["test/curl/**/*.curl.ts"] } }
)
