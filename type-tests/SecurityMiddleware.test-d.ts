/** What compiles of an HttpApi's security, and what must not. */
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpApiClient from "@effect/platform/HttpApiClient"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import type * as HttpApiMiddleware from "@effect/platform/HttpApiMiddleware"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import type * as HttpClient from "@effect/platform/HttpClient"
import {
  ApiKey,
  Granted,
  HttpBearer,
  OAuth2,
  Security,
  type SecurityError,
  SecurityMiddleware
} from "effect-security"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { expectAssignable, expectError, expectNotAssignable, expectType } from "tsd"

interface Person {
  readonly name: string
}

class Principal extends Context.Tag("test/Principal")<Principal, Person>() {}
class Database extends Context.Tag("test/Database")<
  Database,
  { readonly find: (token: string) => Effect.Effect<Person, SecurityError.Unauthorized> }
>() {}

const users = OAuth2.passwordBearer({
  schemeName: "users",
  tokenUrl: "token",
  scopes: { read: "Read", write: "Write" }
}).pipe(
  Security.authenticate(() =>
    Effect.flatMap(Database, ({ find }) =>
      Effect.map(find("t"), (person) => Security.grant(person, ["read"]))
    )
  )
)
const robots = ApiKey.header("X-Key", { schemeName: "robots" }).pipe(
  Security.authenticate(() => Effect.succeed(Security.grant({ name: "R2-D2", model: 2 })))
)

class Users extends SecurityMiddleware.Tag<Users>()("test/Users", {
  security: users,
  provides: Principal
}) {}

// ----------------------------------------------------------------------------
// a tag
// ----------------------------------------------------------------------------

// a principal that is more than what the tag holds
class _Robots extends SecurityMiddleware.Tag<_Robots>()("test/Robots", {
  security: robots,
  provides: Principal
}) {}
// none at all
class _Bare extends SecurityMiddleware.Tag<_Bare>()("test/Bare", { security: HttpBearer.make() }) {}
class _Open extends SecurityMiddleware.Tag<_Open>()("test/Open", { security: Security.public }) {}
class _Deny extends SecurityMiddleware.Tag<_Deny>()("test/Deny", {
  security: Security.deny,
  provides: Principal
}) {}

// the wrong principal
expectError(
  SecurityMiddleware.Tag<never>()("test/Wrong", {
    security: robots.pipe(Security.map(() => "R2-D2")),
    provides: Principal
  })
)
expectError(
  SecurityMiddleware.Tag<never>()("test/Wrong", {
    security: HttpBearer.make(),
    provides: Principal
  })
)
expectError(
  SecurityMiddleware.Tag<never>()("test/Wrong", {
    security: Security.optional(users),
    provides: Principal
  })
)

class Broken extends Schema.TaggedError<Broken>()(
  "Broken",
  {},
  HttpApiSchema.annotations({ status: 418 })
) {}
class NotWelcome extends Schema.TaggedError<NotWelcome>()(
  "NotWelcome",
  {},
  HttpApiSchema.annotations({ status: 401 })
) {}

const breaking = robots.pipe(
  Security.mapEffect((robot) => (robot.model > 2 ? Effect.succeed(robot) : new Broken()))
)
const own = robots.pipe(Security.mapError(() => new NotWelcome()))

// an error that the contract lacks
expectError(SecurityMiddleware.Tag<never>()("test/Lacks", { security: breaking }))
expectError(SecurityMiddleware.Tag<never>()("test/Lacks", { security: breaking, failure: Broken }))
expectError(SecurityMiddleware.Tag<never>()("test/Lacks", { security: own }))
expectError(SecurityMiddleware.Tag<never>()("test/Lacks", { security: own, failure: Broken }))
class _Own extends SecurityMiddleware.Tag<_Own>()("test/Own", {
  security: own,
  failure: NotWelcome
}) {}
class _More extends SecurityMiddleware.Tag<_More>()("test/More", {
  security: own,
  failure: Schema.Union(NotWelcome, Broken)
}) {}

// ----------------------------------------------------------------------------
// scopes
// ----------------------------------------------------------------------------

declare const of: <A>() => A

const Writers = Users.derive("read", "write")
expectType<readonly [{ readonly users: readonly ["read", "write"] }]>(Writers.security.requirement)
expectType<readonly [{ readonly users: readonly ["read", "write"] }]>(
  Users.derive("read").derive("write").security.requirement
)

// `scopes` gives the platform's tag, whose identifier is that of the tag that `derive` gives
type Identifier<Scopes extends string> =
  | SecurityMiddleware.Secured<
      "test/Users",
      never,
      SecurityError.Unauthorized | SecurityError.Forbidden
    >
  | SecurityMiddleware.Proven<SecurityMiddleware.AnyProven | Principal | Granted.Evidence<Scopes>>
type Derived<Scopes extends string> = Context.Tag<
  Identifier<Scopes>,
  HttpApiMiddleware.HttpApiMiddleware<Person, SecurityError.Unauthorized | SecurityError.Forbidden>
>
expectType<Derived<"read">>(Users.scopes("read"))
expectType<Derived<"read" | "write">>(Users.scopes("read", "write"))
expectType<Derived<"read" | "write">>(Users.derive("read").scopes("write"))
expectType<Derived<"read" | "write">>(Users.scopes(...of<["read", "write"]>()))
expectType<Identifier<"read" | "write">>(of<Context.Tag.Identifier<typeof Writers>>())

// as many as one likes
class Many extends SecurityMiddleware.Tag<Many>()("test/Many", {
  security: OAuth2.passwordBearer({
    tokenUrl: "token",
    scopes: { a: "a", b: "b", c: "c", d: "d", e: "e", f: "f" }
  }).pipe(Security.authenticate(() => Effect.succeed(Security.grant("johndoe"))))
}) {}
type Proven<Tag extends { readonly Identifier: unknown }> = Exclude<
  HttpApiMiddleware.HttpApiMiddleware.Provides<Tag["Identifier"]>,
  SecurityMiddleware.AnyProven
>
const three = Many.scopes("a", "b", "c")
const four = Many.scopes("a", "b", "c", "d")
const five = Many.scopes("a", "b", "c", "d", "e")
const six = Many.scopes("a", "b", "c", "d", "e", "f")
expectType<Granted.Evidence<"a" | "b" | "c">>(of<Proven<typeof three>>())
expectType<Granted.Evidence<"a" | "b" | "c" | "d">>(of<Proven<typeof four>>())
expectType<Granted.Evidence<"a" | "b" | "c" | "d" | "e">>(of<Proven<typeof five>>())
expectType<Granted.Evidence<"a" | "b" | "c" | "d" | "e" | "f">>(of<Proven<typeof six>>())
expectError(Many.scopes("z"))
expectError(Many.scopes("a", "z"))
expectError(Many.scopes("a", "b", "z"))
expectError(Many.scopes("a", "b", "c", "z"))
expectError(Many.scopes("a", "b", "c", "d", "z"))
expectError(Many.scopes("z", "b", "c", "d", "e"))
expectError(Many.derive("a", "z"))

// what can't be proven
expectError(Users.scopes("admin"))
expectError(_Bare.scopes("read"))
expectError(_Robots.scopes("read"))
expectError(_Open.scopes("read"))
expectError(_Deny.scopes("read"))
expectError(Users.derive("admin"))
expectError(_Bare.derive("read"))
class _Either extends SecurityMiddleware.Tag<_Either>()("test/Either", {
  security: Security.anyOf(users, robots),
  provides: Principal
}) {}
expectError(_Either.scopes("read"))
expectError(_Either.derive("read"))
// an expression that is one of two
class _OneOfTwo extends SecurityMiddleware.Tag<_OneOfTwo>()("test/OneOfTwo", {
  security: of<boolean>() ? users : users.pipe(Security.scopes("read"))
}) {}
expectError(_OneOfTwo.scopes("write"))
// a scheme whose name is any of many
class _Pattern extends SecurityMiddleware.Tag<_Pattern>()("test/Pattern", {
  security:
    of<
      Security.Security<
        void,
        never,
        never,
        readonly [{ readonly [name: `user${string}`]: readonly [] }],
        { readonly [name: `user${string}`]: "read" }
      >
    >()
}) {}
expectError(_Pattern.scopes("read"))

// what is no single literal
expectError(Users.scopes("read" as "read" | "write"))
expectError(Users.scopes("read" as string))
expectError(Users.scopes("read", "read" as "read" | "write"))
expectError(Users.scopes<"read" | "write">("read"))
expectError(Users.scopes(of<`re${string}`>()))
expectError(Users.scopes(of<any>()))
expectError(Users.scopes("read", of<any>()))
expectError(Users.scopes(...of<["read"?]>()))
expectError(Many.scopes("a", "b", "c", "d", of<any>()))
expectError(Many.scopes("a", "b", "c", "d", "e" as "e" | "f"))
expectError(Many.scopes("a", "b", "c", "d", ...of<["e"?]>()))
expectError(Many.scopes("a", "b", "c", "d", ...of<["e"] | ["f"]>()))
expectError(Many.scopes("a", "b", "c", "d", ...of<Array<"e">>()))
expectError(Many.scopes("a", "b", "c", "d", ...of<["e", ...Array<"f">]>()))
expectError(Users.derive("read" as "read" | "write"))
expectError(Users.derive("read" as string))
expectError(Users.derive(of<any>()))
expectError(Users.derive("read", of<any>()))
expectError(Many.derive("a", "b", "c", "d", of<any>()))
expectError(Many.derive("a", "b", "c", "d", "e" as "e" | "f"))
expectError(Many.derive("a", "b", "c", "d", ...of<Array<"e">>()))
expectType<readonly [{ readonly users: readonly [] }]>(Users.derive().security.requirement)
// no scope is known of `never`
const never = Users.scopes(of<never>())
expectNotAssignable<Proven<typeof never>>(of<Granted.Granted<"read">>())
const explicit = Users.scopes<never>("read")
expectNotAssignable<Proven<typeof explicit>>(of<Granted.Granted<"read">>())
const derived = Users.derive<never>("read")
expectNotAssignable<Proven<typeof derived>>(of<Granted.Granted<"read">>())

// ----------------------------------------------------------------------------
// layers
// ----------------------------------------------------------------------------

const UsersLive = SecurityMiddleware.layer(Users)
expectType<Layer.Layer<SecurityMiddleware.Implementation<"test/Users">, never, Database>>(UsersLive)
expectType<Layer.Layer<SecurityMiddleware.Implementation<"test/Bare">>>(
  SecurityMiddleware.layer(_Bare)
)
expectType<Layer.Layer<SecurityMiddleware.Implementation<"test/Users">, never, Database>>(
  SecurityMiddleware.layer(Writers)
)
// the platform's tag has no Layer of its own
expectError(SecurityMiddleware.layer(Users.scopes("read")))

const Who = Schema.Struct({ name: Schema.String })

const items = HttpApiGroup.make("items")
  .add(HttpApiEndpoint.get("list", "/items").addSuccess(Who).middleware(Users))
  .add(HttpApiEndpoint.post("create", "/items").addSuccess(Who).middleware(Writers))
  .add(HttpApiEndpoint.get("health", "/health").pipe(SecurityMiddleware.public))
const Api = HttpApi.make("api").add(items)

// the requirement of the group's Layer names the tag, once for it and what is derived from it
const ItemsLive = HttpApiBuilder.group(Api, "items", (handlers) =>
  handlers
    .handle("list", () => Principal)
    .handle("create", () =>
      Effect.zipRight(Effect.all([Granted.granted("read"), Granted.granted("write")]), Principal)
    )
    .handle("health", () => Effect.void)
)
declare const needed: Layer.Layer.Context<typeof ItemsLive>
expectAssignable<SecurityMiddleware.Implementation<"test/Users">>(needed)
expectError(expectAssignable<SecurityMiddleware.Implementation<"test/Robots">>(needed))

const Provided = ItemsLive.pipe(Layer.provide(UsersLive))
expectType<Layer.Layer<HttpApiGroup.ApiGroup<"api", "items">, never, Database>>(Provided)
// without the Layer it is not complete
expectNotAssignable<Layer.Layer<HttpApiGroup.ApiGroup<"api", "items">, never, Database>>(ItemsLive)
// another tag's Layer is no help
expectNotAssignable<Layer.Layer<HttpApiGroup.ApiGroup<"api", "items">, never, Database>>(
  ItemsLive.pipe(Layer.provide(SecurityMiddleware.layer(_Robots)))
)

// only public endpoints: no Layer is needed
const Open = HttpApi.make("open").add(
  HttpApiGroup.make("all").add(
    HttpApiEndpoint.get("health", "/health").pipe(SecurityMiddleware.public)
  )
)
const OpenLive = HttpApiBuilder.group(Open, "all", (handlers) =>
  handlers.handle("health", () => Effect.void)
)
expectType<Layer.Layer<HttpApiGroup.ApiGroup<"open", "all">>>(OpenLive)

// ----------------------------------------------------------------------------
// handlers
// ----------------------------------------------------------------------------

// the handler of a public endpoint that uses the principal: nothing provides it
const UsingPrincipal = HttpApiBuilder.group(Open, "all", (handlers) =>
  handlers.handle("health", () => Effect.asVoid(Principal))
)
expectType<Layer.Layer<HttpApiGroup.ApiGroup<"open", "all">, never, Principal>>(UsingPrincipal)

// a handler that needs evidence its endpoint's scopes don't prove
const Unproven = HttpApiBuilder.group(Api, "items", (handlers) =>
  handlers
    .handle("list", () => Effect.zipRight(Granted.granted("read"), Principal))
    .handle("create", () => Effect.zipRight(Granted.granted("write"), Principal))
    .handle("health", () => Effect.void)
)
expectType<
  Layer.Layer<HttpApiGroup.ApiGroup<"api", "items">, never, Database | Granted.Granted<"read">>
>(Unproven.pipe(Layer.provide(UsersLive)))

// a scope that holds in one alternative only proves nothing
class Some extends SecurityMiddleware.Tag<Some>()("test/Some", {
  security: Security.anyOf(users.pipe(Security.scopes("read")), robots),
  provides: Principal
}) {}
const SomeApi = HttpApi.make("some").add(
  HttpApiGroup.make("all").add(HttpApiEndpoint.get("e", "/e").addSuccess(Who).middleware(Some))
)
const SomeLive = HttpApiBuilder.group(SomeApi, "all", (handlers) =>
  handlers.handle("e", () => Effect.zipRight(Granted.granted("read"), Principal))
)
expectType<
  Layer.Layer<HttpApiGroup.ApiGroup<"some", "all">, never, Database | Granted.Granted<"read">>
>(SomeLive.pipe(Layer.provide(SecurityMiddleware.layer(Some))))

// also of a tag that is derived
class Half extends SecurityMiddleware.Tag<Half>()("test/Half", {
  security: Security.anyOf(users.pipe(Security.scopes("read")), users),
  provides: Principal
}) {}
const HalfApi = HttpApi.make("half").add(
  HttpApiGroup.make("all").add(HttpApiEndpoint.get("e", "/e").middleware(Half.scopes("write")))
)
const HalfLive = HttpApiBuilder.group(HalfApi, "all", (handlers) =>
  handlers.handle("e", () => Effect.zipRight(Granted.granted("write"), Granted.granted("read")))
)
expectType<
  Layer.Layer<HttpApiGroup.ApiGroup<"half", "all">, never, Database | Granted.Granted<"read">>
>(HalfLive.pipe(Layer.provide(SecurityMiddleware.layer(Half))))

// ----------------------------------------------------------------------------
// defaults
// ----------------------------------------------------------------------------

const Defaults = HttpApi.make("defaults")
  .add(
    HttpApiGroup.make("all")
      .add(HttpApiEndpoint.get("plain", "/plain").addSuccess(Who))
      .add(HttpApiEndpoint.get("open", "/open").pipe(SecurityMiddleware.public))
      .add(HttpApiEndpoint.get("scoped", "/scoped").addSuccess(Who).middleware(Writers))
      .pipe(SecurityMiddleware.secureGroup(Users))
  )
  .add(HttpApiGroup.make("rest").add(HttpApiEndpoint.get("plain", "/rest").addSuccess(Who)))
  .pipe(SecurityMiddleware.secureApi(_Robots))

const DefaultsLive = HttpApiBuilder.group(Defaults, "all", (handlers) =>
  handlers
    .handle("plain", () => Principal)
    .handle("open", () => Effect.void)
    .handle("scoped", () => Effect.zipRight(Granted.granted("write"), Principal))
)
expectType<Layer.Layer<HttpApiGroup.ApiGroup<"defaults", "all">, never, Database>>(
  DefaultsLive.pipe(Layer.provide(UsersLive))
)
const RestLive = HttpApiBuilder.group(Defaults, "rest", (handlers) =>
  handlers.handle("plain", () => Principal)
)
expectType<Layer.Layer<HttpApiGroup.ApiGroup<"defaults", "rest">>>(
  RestLive.pipe(Layer.provide(SecurityMiddleware.layer(_Robots)))
)
// a default gives a public endpoint no principal
const OpenUsing = HttpApiBuilder.group(Defaults, "all", (handlers) =>
  handlers
    .handle("plain", () => Principal)
    .handle("open", () => Effect.asVoid(Principal))
    .handle("scoped", () => Principal)
)
expectType<Layer.Layer<HttpApiGroup.ApiGroup<"defaults", "all">, never, Database | Principal>>(
  OpenUsing.pipe(Layer.provide(UsersLive))
)
// a default proves no more than it asks
const Unasked = HttpApiBuilder.group(Defaults, "all", (handlers) =>
  handlers
    .handle("plain", () => Effect.zipRight(Granted.granted("read"), Principal))
    .handle("open", () => Effect.void)
    .handle("scoped", () => Principal)
)
expectType<
  Layer.Layer<HttpApiGroup.ApiGroup<"defaults", "all">, never, Database | Granted.Granted<"read">>
>(Unasked.pipe(Layer.provide(UsersLive)))
// only tags of this library are defaults
class NotATag extends Context.Tag("test/NotATag")<NotATag, string>() {}
expectError(SecurityMiddleware.secureGroup(items, NotATag))
expectError(SecurityMiddleware.secureApi(Api, NotATag))

// what `scopes` gives is secured as what `derive` gives is, also as a default
const Plain = HttpApi.make("plain").add(
  HttpApiGroup.make("all")
    .add(HttpApiEndpoint.get("own", "/own").middleware(Users.scopes("write")))
    .add(HttpApiEndpoint.get("plain", "/plain"))
    .pipe(SecurityMiddleware.secureGroup(Users.scopes("read")))
)
const PlainLive = HttpApiBuilder.group(Plain, "all", (handlers) =>
  handlers
    .handle("own", () => Effect.zipRight(Granted.granted("write"), Effect.asVoid(Principal)))
    .handle("plain", () => Effect.zipRight(Granted.granted("read"), Effect.asVoid(Principal)))
)
expectType<Layer.Layer<HttpApiGroup.ApiGroup<"plain", "all">, never, Database>>(
  PlainLive.pipe(Layer.provide(UsersLive))
)
// what is left names the tag once, whatever scopes there are, and only its own Layer implements it
expectType<
  Layer.Layer<
    HttpApiGroup.ApiGroup<"plain", "all">,
    never,
    SecurityMiddleware.Secured<
      "test/Users",
      never,
      SecurityError.Unauthorized | SecurityError.Forbidden
    >
  >
>(PlainLive)
expectNotAssignable<Layer.Layer<HttpApiGroup.ApiGroup<"plain", "all">, never, Database>>(
  PlainLive.pipe(Layer.provide(SecurityMiddleware.layer(_Robots)))
)
const PlainUnproven = HttpApiBuilder.group(Plain, "all", (handlers) =>
  handlers
    .handle("own", () => Granted.granted("read"))
    .handle("plain", () => Granted.granted("write"))
)
expectType<
  Layer.Layer<
    HttpApiGroup.ApiGroup<"plain", "all">,
    never,
    Database | Granted.Granted<"read"> | Granted.Granted<"write">
  >
>(PlainUnproven.pipe(Layer.provide(UsersLive)))

// also where the platform's `middleware` sets it for a group or an API
const Whole = HttpApi.make("whole")
  .add(
    HttpApiGroup.make("all").add(HttpApiEndpoint.get("e", "/e")).middleware(Users.scopes("read"))
  )
  .middleware(Users.scopes("write"))
const WholeLive = HttpApiBuilder.api(Whole).pipe(
  Layer.provide(
    HttpApiBuilder.group(Whole, "all", (handlers) =>
      handlers.handle("e", () =>
        Effect.zipRight(
          Effect.all([Granted.granted("read"), Granted.granted("write")]),
          Effect.asVoid(Principal)
        )
      )
    )
  )
)
expectType<Layer.Layer<HttpApi.Api, never, Database>>(WholeLive.pipe(Layer.provide(UsersLive)))
expectNotAssignable<Layer.Layer<HttpApi.Api, never, Database>>(WholeLive)
expectNotAssignable<Layer.Layer<HttpApi.Api, never, Database>>(
  WholeLive.pipe(Layer.provide(SecurityMiddleware.layer(_Robots)))
)

// ----------------------------------------------------------------------------
// the client
// ----------------------------------------------------------------------------

const call = Effect.gen(function* () {
  const api = yield* HttpApiClient.make(Api)
  return yield* api.items.create()
})
declare const failure: Effect.Effect.Error<typeof call>
expectAssignable<{ readonly _tag: string }>(failure)
expectAssignable<typeof failure>({} as SecurityError.Unauthorized)
expectAssignable<typeof failure>({} as SecurityError.Forbidden)
expectType<HttpClient.HttpClient>({} as Effect.Effect.Context<typeof call>)
