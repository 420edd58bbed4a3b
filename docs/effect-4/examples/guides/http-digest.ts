import { HttpEffect, HttpRouter, HttpServerResponse } from "effect/http"
import { DigestNonces, HttpDigest, Security } from "effect-security"
import { Effect, Layer, Option, Redacted } from "effect"
import assert from "node:assert"
import { createHash } from "node:crypto"

const digest = HttpDigest.make({ realm: "items" })

/** Yours: a table of users. H(A1) is stored, not the password. */
const table = new Map([
  [
    "johndoe",
    HttpDigest.hashUser(digest, { username: "johndoe", password: Redacted.make("secret") })
  ]
])

const user = digest.pipe(
  HttpDigest.authenticate({
    findUser: (username) =>
      Effect.succeed(
        Option.map(Option.fromNullishOr(table.get(username)), ({ ha1 }) => ({
          principal: { username },
          ha1
        }))
      )
  })
)

const me = Security.guard(user, ({ username }) => HttpServerResponse.json({ username }))

const Routes = HttpRouter.add("GET", "/me", me)

// a Layer is built once here; which nonces were used is in the memory of this process
export const { handler } = HttpRouter.toWebHandler(
  Layer.merge(Routes, DigestNonces.layerMemory()),
  { disableLogger: true }
)

/** A client, as RFC 7616 has it. */
const md = (text: string) => createHash("sha256").update(text).digest("hex")

const answer = (challenge: string, password: string) => {
  const [, nonce = ""] = /nonce="([^"]*)"/.exec(challenge) ?? []
  const ha1 = md(`johndoe:items:${password}`)
  const response = md(`${ha1}:${nonce}:00000001:abc:auth:${md("GET:/me")}`)
  return `Digest username="johndoe", realm="items", nonce="${nonce}", uri="/me", algorithm=SHA-256, qop=auth, nc=00000001, cnonce="abc", response="${response}"`
}

export const main = Effect.gen(function* () {
  const get = (headers: Record<string, string> = {}) =>
    Effect.promise(() => handler(new Request("http://localhost/me", { headers })))
  const refused = yield* get()
  assert.strictEqual(refused.status, 401)
  const challenge = refused.headers.get("www-authenticate") ?? ""
  assert.match(challenge, /^Digest realm="items", nonce="[^"]*", qop="auth", algorithm=SHA-256/)
  const authorization = answer(challenge, "secret")
  assert.strictEqual((yield* get({ authorization })).status, 200)
  const replayed = yield* get({ authorization })
  assert.strictEqual(replayed.status, 401)
  assert.match(replayed.headers.get("www-authenticate") ?? "", /stale=true/)
  // a store for every request is younger than every nonce
  const forgetful = HttpEffect.toWebHandler(me.pipe(Effect.provide(DigestNonces.layerMemory())))
  const ask = (headers: Record<string, string> = {}) =>
    Effect.promise(() => forgetful(new Request("http://localhost/me", { headers })))
  const fresh = (yield* ask()).headers.get("www-authenticate") ?? ""
  yield* Effect.sleep("10 millis")
  const never = yield* ask({ authorization: answer(fresh, "secret") })
  assert.match(never.headers.get("www-authenticate") ?? "", /stale=true/)
  const wrong = yield* get({ authorization: answer(challenge, "wrong") })
  assert.strictEqual(wrong.status, 401)
})
