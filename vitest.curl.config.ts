import { defineConfig } from "vitest/config"
import { patience, reporters, resolve } from "./vitest.base.ts"

/** Tests that need Debian's curl and redis-server: `npm run test:curl`. */
export default defineConfig({
  resolve,
  test: { ...patience, reporters, include: ["test/curl/**/*.curl.ts"] }
})
