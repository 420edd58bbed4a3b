import { HttpRouter, HttpServerResponse } from "effect/http"
import { Credential, Scheme, Security, SecurityError } from "effect-security"
import { Effect, Redacted } from "effect"
import assert from "node:assert"
import { createHmac, timingSafeEqual } from "node:crypto"

const secret = Redacted.make("the-secret-of-the-webhook") // yours: from the configuration

const sign = (body: string) =>
  `sha256=${createHmac("sha256", Redacted.value(secret)).update(body).digest("hex")}`

const isRight = (signature: string, body: string) => {
  const [sent, right] = [Buffer.from(signature), Buffer.from(sign(body))]
  return sent.length === right.length && timingSafeEqual(sent, right)
}

const webhook = Scheme.make({
  schemeName: "Webhook",
  // the OpenAPI object nearest to it
  scheme: {
    type: "apiKey",
    in: "header",
    name: "X-Hub-Signature-256",
    description: "HMAC-SHA-256 of the body"
  },
  // from the request alone: absent, malformed, or the credential
  extract: (request) => {
    const signature = Credential.header(request, "x-hub-signature-256")
    return (
      typeof signature !== "string" ? signature
      : signature.startsWith("sha256=") ? Redacted.make(signature)
      : Credential.Malformed
    )
  }
}).pipe(
  // what needs the body or a secret
  Security.authenticate((signature, { request }) =>
    request.text.pipe(
      Effect.mapError(() => new SecurityError.Unauthorized({ reason: "malformed" })),
      Effect.filterOrFail(
        (body) => isRight(Redacted.value(signature), body),
        () => new SecurityError.Unauthorized({ reason: "invalid" })
      ),
      Effect.map((body) => Security.grant({ body }))
    )
  )
)

const Routes = HttpRouter.add(
  "POST",
  "/hooks",
  Security.guard(webhook, ({ body }) => HttpServerResponse.json({ bytes: body.length }))
)

export const { handler } = HttpRouter.toWebHandler(Routes, { disableLogger: true })

export const main = Effect.gen(function* () {
  const post = (body: string, signature: string) =>
    Effect.promise(() =>
      handler(
        new Request("http://localhost/hooks", {
          method: "POST",
          body,
          headers: { "x-hub-signature-256": signature }
        })
      ).then((response) => response.status)
    )
  assert.strictEqual(yield* post("hello", sign("hello")), 200)
  assert.strictEqual(yield* post("hello", sign("other")), 401)
  assert.strictEqual(yield* post("hello", "md5=0"), 401)
})
