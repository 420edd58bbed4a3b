/**
 * The refusals in the contract of an HttpApi: schemas that set headers when they encode.
 *
 * @since 0.1.0
 */
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import {
  Forbidden,
  type Refusal,
  ServiceUnavailable,
  TooManyRequests,
  Unauthorized
} from "../refusal/Refusal.ts"
import * as RefusalAnswer from "../refusal/RefusalAnswer.ts"

/**
 * The schemas of the refusals as an HttpApi answers them: encoding one sets its headers as well.
 *
 * What they encode to is the JSON of the body as text, so that a refusal that answers many requests is printed once. They are for the
 * contract of an HttpApi, alone or as members of a union; inside of another schema, and for JSON that is data, use the classes.
 * The headers are set by the fiber that encodes, so they also reach the client when the refusal crossed a fiber
 * (`Effect.timeout` around the whole app).
 *
 * @category schemas
 * @since 0.1.0
 */
export const contract = {
  401: answering(Unauthorized),
  403: answering(Forbidden),
  429: answering(TooManyRequests),
  503: answering(ServiceUnavailable)
}

function answering<Self extends Refusal, Encoded>(
  schema: Schema.Schema<Self, Encoded> & (abstract new (...args: never) => Self)
): Schema.Schema<Self, string> {
  const isOfAnyCopy = Schema.is(schema)
  const isSelf = (input: unknown): input is Self => input instanceof schema || isOfAnyCopy(input)
  // a declaration, not a transformation: of those the platform merges the annotations for each response
  return Schema.declare(
    [Schema.parseJson(schema)],
    {
      decode: (body) => ParseResult.decodeUnknown(body),
      encode: () => (input, _options, ast) =>
        !isSelf(input) ? ParseResult.fail(new ParseResult.Type(ast, input))
        : RefusalAnswer.isLastAppended(input) ? ParseResult.succeed(RefusalAnswer.print(input))
        : Effect.map(RefusalAnswer.appendHeaders(input), () => RefusalAnswer.print(input))
    },
    {
      ...SchemaAST.typeAST(schema.ast).annotations,
      pretty: (self) => self,
      arbitrary: (self) => self,
      equivalence: (self) => self,
      // a document describes the JSON, not that it is text
      [SchemaAST.SurrogateAnnotationId]: schema.ast,
      [HttpApiSchema.AnnotationEncoding]: { kind: "Text", contentType: "application/json" }
    }
  )
}
