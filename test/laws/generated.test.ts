import { expect, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { file, generate } from "../../type-tests/generate.ts"

it("the generated type test is what type-tests/generate.ts writes", async () => {
  expect(await generate()).toBe(readFileSync(file, "utf8"))
}, 60_000)
