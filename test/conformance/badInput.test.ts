/** Bad input at the door: every case through a real socket, and through a Fetch handler. */
import { afterAll, assert, describe, it } from "@effect/vitest"
import { doors, logs, right, upstream } from "./app.ts"
import { type Case, check, checkNode, overFetch, overSocket, requestOf } from "./case.ts"
import { cases, rightRequests } from "./cases.ts"

afterAll(() => doors.close())

const repeat = async <A>({ times = 1 }: Case, send: () => Promise<A>): Promise<A> => {
  for (let sent = 1; sent < times; sent++) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other is what is tested
    await send()
  }
  return send()
}

describe("a right request", () => {
  const ok = { status: 200 }
  for (const each of rightRequests) {
    it(`${each.title}, node:http`, async () => {
      check(each, ok, await overSocket(doors.port, each))
    })
    it(`${each.title}, fetch`, async () => {
      check(each, ok, await overFetch(doors.web, each))
    })
  }
})

describe("node:http", () => {
  for (const each of cases) {
    it(each.title, async () => {
      const answer = await repeat(each, () => overSocket(doors.port, each))
      const expected = each.node ?? each.expect
      if (typeof expected === "number") checkNode(expected, answer)
      else check(each, expected, answer)
    })
  }
})

describe("fetch", () => {
  for (const each of cases) {
    it(each.title, async () => {
      const expected = each.web ?? each.expect
      if (expected === "unsendable") assert.throws(() => requestOf(each))
      else check(each, expected, await repeat(each, () => overFetch(doors.web, each)))
    })
  }
})

describe("the table", () => {
  it("has at least 300 cases, each once, none of which is let in", () => {
    const all = cases
    assert.isAbove(all.length, 300)
    assert.strictEqual(new Set(all.map(({ title }) => title)).size, all.length)
    for (const { expect, web } of all) {
      assert.oneOf(expect.status, [400, 401, 403, 404, 429, 503])
      if (typeof web === "object") assert.oneOf(web.status, [400, 401, 403, 404, 429, 503])
    }
  })

  it("has a right request for each route that it is about", () => {
    const pathOf = ({ target }: Case) => target.split("?")[0] ?? ""
    const paths = new Set(rightRequests.map(pathOf))
    for (const path of new Set(cases.map(pathOf))) {
      // the other spellings of a path are no routes
      if (/^\/[a-z0-9]+(\/[a-z]+)?$/.test(path)) assert.isTrue(paths.has(path), path)
    }
  })

  it("answers the same each time", async () => {
    const same = cases.filter(({ target, times }) => target === "/oidc" && times === undefined)
    for (const each of [...same.slice(0, 20), ...rightRequests.slice(0, 12)]) {
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => overFetch(doors.web, each))
      )
      assert.deepStrictEqual(new Set(answers.map(({ status }) => status)).size, 1, each.title)
    }
  })

  it("has had the keys fetched seldom, whatever key the tokens name", () => {
    const unknown = cases.filter(({ title }) => /of a kid|of an unknown kid/.test(title))
    assert.isAbove(unknown.length, 20)
    assert.isBelow(upstream.asked.filter((path) => path.startsWith("/jwks")).length, 15)
  })

  it("has had nothing fetched that a token names", () => {
    assert.deepStrictEqual(upstream.strange, [])
  })

  it("has left no credential in the log", () => {
    assert.isAbove(logs.lines.length, 0)
    const text = logs.lines.join("\n")
    for (const secret of [right.key, right.password, btoa(`johndoe:${right.password}`), "eyJ"]) {
      assert.notInclude(text, secret)
    }
  })
})
