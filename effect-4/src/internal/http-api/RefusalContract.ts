/**
 * The refusals in the contract of an HttpApi: schemas that set headers when they encode, and read them when they decode.
 *
 * @since 0.1.0
 */
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as Schema from "effect/Schema"
import * as Challenge from "../../Challenge.ts"
import * as Line from "../line/Line.ts"
import {
  Forbidden,
  type Refusal,
  ServiceUnavailable,
  TooManyRequests,
  Unauthorized
} from "../refusal/Refusal.ts"
import * as RefusalAnswer from "../refusal/RefusalAnswer.ts"

const challenging = { "www-authenticate": Schema.optionalKey(Schema.String) }

const waiting = { "retry-after": Schema.optionalKey(Schema.String) }

/**
 * The schemas of the refusals as an HttpApi answers them: encoding one sets its headers as well.
 *
 * They are for the contract of an HttpApi; inside of another schema, and for JSON that is data, use the classes. The headers are part
 * of what they encode to, so that a document describes them, and a client's error has its challenges.
 *
 * @category schemas
 * @since 0.1.0
 */
export const contract = {
  401: Unauthorized.pipe(
    HttpApiSchema.encodeToWithHeaders(
      { body: body(Unauthorized, 401), headers: challenging },
      {
        decode: ({ body, headers }) =>
          new Unauthorized(body, Line.unchecked, challengesOf(headers)),
        encode
      }
    )
  ),
  403: Forbidden.pipe(
    HttpApiSchema.encodeToWithHeaders(
      { body: body(Forbidden, 403), headers: challenging },
      {
        decode: ({ body, headers }) => new Forbidden(body, Line.unchecked, challengesOf(headers)),
        encode
      }
    )
  ),
  429: TooManyRequests.pipe(
    HttpApiSchema.encodeToWithHeaders(
      { body: body(TooManyRequests, 429), headers: waiting },
      { decode: ({ body }) => body, encode }
    )
  ),
  503: ServiceUnavailable.pipe(
    HttpApiSchema.encodeToWithHeaders(
      { body: body(ServiceUnavailable, 503), headers: waiting },
      { decode: ({ body }) => body, encode }
    )
  )
}

/** The body alone; encoding it makes a field line of each challenge, where the server writes several. */
function body<A extends Refusal, I>(
  schema: Schema.Codec<A, I> & { readonly identifier: string },
  status: number
): Schema.Codec<A, I> {
  return Line.whenEncoded(
    schema.pipe(Schema.annotateEncoded({ identifier: schema.identifier })) as Schema.Codec<A, I>,
    (self) => RefusalAnswer.appendHeaders(self)
  ).annotate({ httpApiStatus: status }) as Schema.Codec<A, I>
}

function encode<Self extends Refusal>(
  self: Self
): { readonly body: Self; readonly headers: Readonly<Record<string, string>> } {
  return { body: self, headers: RefusalAnswer.headers(self) }
}

function challengesOf(headers: {
  readonly "www-authenticate"?: string
}): ReadonlyArray<Challenge.Challenge> {
  const field = headers["www-authenticate"]
  return (field === undefined ? undefined : Challenge.parse(field)) ?? []
}
