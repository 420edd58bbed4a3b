/**
 * Documents as plain JSON, and whether they are valid OpenAPI.
 */
import { assert } from "@effect/vitest"
import { Validator } from "@seriousme/openapi-schema-validator"

export interface OperationJson {
  readonly operationId?: string
  readonly summary?: string
  readonly security?: ReadonlyArray<Readonly<Record<string, ReadonlyArray<string>>>>
  readonly responses: Readonly<
    Record<
      string,
      {
        readonly description: string
        readonly headers?: Readonly<Record<string, { readonly required?: boolean }>>
        readonly content?: Readonly<Record<string, unknown>>
      }
    >
  >
  readonly parameters?: ReadonlyArray<unknown>
}

export interface DocumentJson {
  readonly openapi: string
  readonly info: { readonly title: string; readonly version: string }
  readonly security?: ReadonlyArray<unknown>
  readonly tags?: ReadonlyArray<Readonly<Record<string, unknown>>>
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationJson>>>>
  readonly components: {
    readonly schemas: Readonly<Record<string, unknown>>
    readonly securitySchemes: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  }
}

/** What a reader of the document gets: undefined members and prototypes are gone. */
export const toJson = (document: unknown): DocumentJson => JSON.parse(JSON.stringify(document))

export const operationOf = (
  document: DocumentJson,
  path: string,
  method = "get"
): OperationJson => {
  const operation = document.paths[path]?.[method]
  assert(operation !== undefined, `${method} ${path} is not in the document`)
  return operation
}

/** `security` of every operation, by method and path. */
export const securityOf = (document: DocumentJson): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, { security }]) => [`${method} ${path}`, security])
    )
  )

export const headersOf = (
  operation: OperationJson
): Readonly<Record<string, ReadonlyArray<string>>> =>
  Object.fromEntries(
    Object.entries(operation.responses).map(([status, { headers = {} }]) => [
      status,
      Object.entries(headers).map(([name, { required }]) => (required === true ? `${name}!` : name))
    ])
  )

export const assertValid = async (document: unknown): Promise<void> => {
  const { errors, valid } = await new Validator().validate(
    JSON.parse(JSON.stringify(document)) as Record<string, unknown>
  )
  assert.deepStrictEqual(errors ?? [], [])
  assert.isTrue(valid)
}

export const assertInvalid = async (document: unknown): Promise<void> => {
  const { valid } = await new Validator().validate(
    JSON.parse(JSON.stringify(document)) as Record<string, unknown>
  )
  assert.isFalse(valid)
}
