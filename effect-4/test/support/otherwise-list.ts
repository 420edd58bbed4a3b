/** What is otherwise on this line, and what is not yet right or not yet asked here: the latter begins with "open". */
export const otherwise: ReadonlyArray<{
  readonly file: string
  /** The suites and the name, joined by ` > `, or how they begin. */
  readonly test: string
  readonly why: string
}> = [
  // the platform
  {
    file: "routers/composition.test.ts",
    test: "stacked tags",
    why: "a group's and an API's middlewares are pushed into its endpoints: the order is the reverse"
  },
  {
    file: "routers/composition.test.ts",
    test: "tags of a group and of an endpoint that provide the same",
    why: "the reverse order, too: the handler sees the endpoint's"
  },
  {
    file: "routers/composition.test.ts",
    test: "growing what has been secured > throws: a group, with",
    why: "groups have neither addError nor middlewareEndpoints"
  },
  {
    file: "routers/composition.test.ts",
    test: "failure > with a member without a status throws",
    why: "the sentence names HttpApiSchema.status, which is what gives a status here"
  },
  {
    file: "routers/composition.test.ts",
    test: "failure > with a 403 of its own gets the Forbidden",
    why: "a tag keeps its errors as a set, not as one union"
  },
  {
    file: "routers/matrix.test.ts",
    test: "an API-level tag, ",
    why: "an API's middlewares are its endpoints': no route, no document and no preflight is theirs"
  },
  {
    file: "routers/headers.test.ts",
    test: "limits > an error of one's own that crosses a fiber",
    why: "headers to come belong to the request here, not to the fiber: none are lost"
  },
  {
    file: "routers/headers.test.ts",
    test: "a defect that looks like an error is a 500 > keeps the defect",
    why: "a cause is a list of reasons, without a tag"
  },
  {
    file: "TokenEndpoint.test.ts",
    test: "a token endpoint answers > another error of the same HttpApi",
    why: "the platform encodes no defect by the contract of its endpoint"
  },
  {
    file: "Throttle.test.ts",
    test: "layerStoreMemory > counts as the platform's store does",
    why: "the platform's store forgets when a window has ended, and not one millisecond later"
  },
  {
    file: "internal/token/PasswordForm.test.ts",
    test: "the body > is not waited for when something else took it",
    why: "a request remembers its body: whoever reads it again gets it"
  },
  // open
  {
    file: "routers/headers.test.ts",
    test: "an untagged error that looks like a refusal",
    why: "open: an endpoint's own error without a tag, whose fields a refusal has, answers in its place"
  },
  {
    file: "internal/token/PasswordForm.test.ts",
    test: "PasswordFormPayload > is documented as a form",
    why: "open: the password's format is lost"
  },
  {
    file: "TokenEndpoint.test.ts",
    test: "OpenAPI",
    why: "open: the platform adds Encoded to the names of components"
  },
  {
    file: "SecurityAgreement.test.ts",
    test: "check > finds what the platform's own middlewares get wrong",
    why: "open: a middleware of the platform is written otherwise"
  }
]
