/** From the words of Effect 3 and @effect/platform to those of Effect 4: names, import paths and a few forms. The compiler is the judge. */
import ts from "typescript"
import { members, modules, properties } from "./names.mjs"

/**
 * A file of TypeScript in the words of Effect 4.
 *
 * `kept` are modules of Effect 3 that stand for themselves, each with the path to what plays its part: for tests alone.
 */
export const toEffect4 = (text, fileName = "file.ts", kept = new Map()) => {
  const file = ts.createSourceFile(fileName, text, ts.ScriptTarget.Latest, true)
  const context = { file, text, imports: readImports(file), needed: new Set(), kept }
  const body = render(file, context)
  return examples(withImports(body, context), fileName)
}

// ----------------------------------------------------------------------------
// imports
// ----------------------------------------------------------------------------

const isEffect = (path) =>
  path === "effect" ||
  /^(?:effect|@effect\/(?:platform|platform-node|experimental))(?:\/|$)/.test(path)

const isBarrel = (path) => /^(?:effect|@effect\/(?:platform|platform-node))$/.test(path)

/** The local names of namespaces of Effect, each with the module that it is. */
const readImports = (file) => {
  const namespaces = new Map()
  for (const statement of file.statements) {
    if (!ts.isImportDeclaration(statement) || !isEffect(statement.moduleSpecifier.text)) continue
    const bindings = statement.importClause?.namedBindings
    const path = statement.moduleSpecifier.text
    if (bindings === undefined) continue
    if (ts.isNamespaceImport(bindings)) {
      namespaces.set(bindings.name.text, path.split("/").at(-1))
    } else if (isBarrel(path)) {
      for (const { name, propertyName } of bindings.elements) {
        namespaces.set(name.text, (propertyName ?? name).text)
      }
    }
  }
  return namespaces
}

const pathOf = (module) => (Object.hasOwn(modules, module) ? modules[module] : `effect/${module}`)

/** A package of its own, which is no part of `effect`. */
const isPackage = (module) => !/^@?effect\//.test(pathOf(module))

const nameOf = (module) => (isPackage(module) ? module : pathOf(module).split("/").at(-1))

/** What a namespace is called from now on. */
const localOf = (local, { imports, kept }) => {
  const module = imports.get(local)
  if (local !== module || kept.has(module)) return local
  const now = nameOf(module)
  return kept.has(imports.get(now)) ? local : now
}

const renderImport = (node, context) => {
  const path = node.moduleSpecifier.text
  const clause = node.importClause
  const bindings = clause?.namedBindings
  if (bindings === undefined) return undefined
  const type =
    clause.isTypeOnly || clause.phaseModifier === ts.SyntaxKind.TypeKeyword ? "type " : ""
  if (ts.isNamespaceImport(bindings)) {
    const module = path.split("/").at(-1)
    const place = context.kept.get(module) ?? pathOf(module)
    return `import ${type}* as ${localOf(bindings.name.text, context)} from "${place}"`
  }
  if (isBarrel(path)) {
    const byPath = new Map()
    const packages = []
    for (const element of bindings.elements) {
      const module = (element.propertyName ?? element.name).text
      if (context.kept.has(module) || isPackage(module)) {
        const place = context.kept.get(module) ?? pathOf(module)
        packages.push(`import ${type}* as ${element.name.text} from "${place}"`)
        continue
      }
      const place = pathOf(module).split("/").slice(0, -1).join("/")
      const local = localOf(element.name.text, context)
      const name = nameOf(module) === local ? local : `${nameOf(module)} as ${local}`
      const names = byPath.get(place) ?? byPath.set(place, new Set()).get(place)
      names.add(`${element.isTypeOnly ? "type " : ""}${name}`)
    }
    const barrels = [...byPath].map(
      ([place, names]) => `import ${type}{ ${[...names].sort().join(", ")} } from "${place}"`
    )
    return [...barrels, ...packages].join("\n")
  }
  // names of one module
  const module = path.split("/").at(-1)
  const names = bindings.elements.map((element) => {
    const name = (element.propertyName ?? element.name).text
    const now = nowCalled(module, name) ?? name
    const local = element.name.text
    return `${element.isTypeOnly ? "type " : ""}${now === local ? now : `${now} as ${local}`}`
  })
  return `import ${type}{ ${names.join(", ")} } from "${context.kept.get(module) ?? pathOf(module)}"`
}

/** Adds the modules that names have moved to, and drops those of which nothing is left. */
const withImports = (text, { needed }) => {
  const file = ts.createSourceFile("file.ts", text, ts.ScriptTarget.Latest, true)
  const used = new Set()
  const visit = (node) => {
    if (ts.isImportDeclaration(node)) return
    // of a name with a dot the first is a module's
    if (ts.isPropertyAccessExpression(node)) return visit(node.expression)
    if (ts.isQualifiedName(node)) return visit(node.left)
    if (ts.isIdentifier(node)) used.add(node.text)
    ts.forEachChild(node, visit)
  }
  visit(file)
  const declared = new Set()
  let done = ""
  let end = 0
  let last = 0
  let barrel
  for (const statement of file.statements) {
    if (!ts.isImportDeclaration(statement)) continue
    const path = statement.moduleSpecifier.text
    const bindings = statement.importClause?.namedBindings
    const start = statement.getStart(file)
    last = statement.end
    if (bindings === undefined) continue
    if (!isEffect(path)) {
      const names = ts.isNamespaceImport(bindings) ? [bindings] : bindings.elements
      names.forEach(({ name }) => declared.add(name.text))
      continue
    }
    if (ts.isNamespaceImport(bindings)) {
      const name = bindings.name.text
      if (!used.has(name) || declared.has(name)) {
        done += text.slice(end, start)
        end = text[statement.end] === "\n" ? statement.end + 1 : statement.end
      } else if (needed.has(name)) {
        done += text.slice(end, start) + `import * as ${name} from "${path}"`
        end = statement.end
      }
      declared.add(name)
    } else {
      barrel ??= path === "effect"
      const kept = bindings.elements.filter(
        ({ name }) => used.has(name.text) && !declared.has(name.text)
      )
      kept.forEach(({ name }) => declared.add(name.text))
      if (kept.length === bindings.elements.length) continue
      done += text.slice(end, start)
      if (kept.length === 0) {
        end = text[statement.end] === "\n" ? statement.end + 1 : statement.end
      } else {
        const type = statement.importClause.isTypeOnly ? "type " : ""
        done += `import ${type}{ ${kept.map((element) => element.getText(file)).join(", ")} } from "${path}"`
        end = statement.end
      }
    }
  }
  const missing = [...needed].filter((name) => used.has(name) && !declared.has(name))
  const added = missing.map((name) =>
    barrel ?
      `\nimport { ${name} } from "${pathOf(name).split("/").slice(0, -1).join("/")}"`
    : `\nimport * as ${name} from "${pathOf(name)}"`
  )
  return done + text.slice(end, last) + added.join("") + text.slice(Math.max(last, end))
}

// ----------------------------------------------------------------------------
// nodes
// ----------------------------------------------------------------------------

const render = (node, context) => {
  const done = rule(node, context)
  return done === undefined ? plain(node, context) : trivia(node, context) + done
}

const trivia = (node, { file, text }) => text.slice(node.pos, node.getStart(file))

/** The node as it is, with what its children have become. */
const plain = (node, context) => {
  let done = ""
  let at = node.pos
  ts.forEachChild(node, (child) => {
    done += context.text.slice(at, child.pos) + render(child, context)
    at = child.end
  })
  return done + context.text.slice(at, node.end)
}

const bare = (node, context) => render(node, context).slice(trivia(node, context).length)

const list = (nodes, context) => nodes.map((node) => bare(node, context).trim()).join(", ")

/** The module and the member, where a name is that of a member of a namespace of Effect. */
const memberOf = (node, { imports }) => {
  const [left, right] =
    ts.isPropertyAccessExpression(node) ? [node.expression, node.name]
    : ts.isQualifiedName(node) ? [node.left, node.right]
    : []
  return left !== undefined && ts.isIdentifier(left) && imports.has(left.text) ?
      { module: imports.get(left.text), member: right.text, local: left.text }
    : undefined
}

const isMember = (node, context, name) => {
  const found = memberOf(node, context)
  return found !== undefined && `${found.module}.${found.member}` === name
}

const rule = (node, context) => {
  if (ts.isImportDeclaration(node) && isEffect(node.moduleSpecifier.text))
    return renderImport(node, context)
  for (const form of forms) {
    const done = form(node, context)
    if (done !== undefined) return done
  }
  const inner = ts.isQualifiedName(node) && memberOf(node.left, context)
  if (inner && nowCalled(inner.module, `${inner.member}.${node.right.text}`) !== undefined) {
    return member({ ...inner, member: `${inner.member}.${node.right.text}` }, context)
  }
  const found = memberOf(node, context)
  if (found !== undefined) return member(found, context)
  if (ts.isPropertyAccessExpression(node) && Object.hasOwn(properties, node.name.text)) {
    return `${bare(node.expression, context)}${node.questionDotToken ? "?." : "."}${properties[node.name.text]}`
  }
  if (
    ts.isIdentifier(node) &&
    context.imports.has(node.text) &&
    !(ts.isPropertyAccessExpression(node.parent) && node.parent.name === node) &&
    !(ts.isPropertyAssignment(node.parent) && node.parent.name === node)
  ) {
    return localOf(node.text, context)
  }
  return undefined
}

const nowCalled = (module, member) =>
  Object.hasOwn(members, module) && Object.hasOwn(members[module], member) ?
    members[module][member]
  : undefined

/** What has a namespace within its own module. */
const sameModule = new Set(["Service.Shape", "ServiceClass.Shape"])

const member = ({ local, member, module }, context) => {
  const now = nowCalled(module, member)
  if (now === undefined) return `${localOf(local, context)}.${member}`
  if (!now.includes(".") || !/^\w+\.\w+(?:\(\))?$/.test(now) || sameModule.has(now)) {
    return `${localOf(local, context)}.${now}`
  }
  context.needed.add(now.split(".")[0])
  return now
}

// ----------------------------------------------------------------------------
// forms
// ----------------------------------------------------------------------------

const callOf = (name, f) => (node, context) =>
  ts.isCallExpression(node) && isMember(node.expression, context, name) ?
    f(node, context)
  : undefined

const callee = (node, context) => bare(node.expression, context)

const types = (node, context) =>
  node.typeArguments === undefined ? "" : `<${list(node.typeArguments, context)}>`

/** Variadic on the one line, an array on the other. */
const arrayed = (name) =>
  callOf(name, (node, context) => {
    const [first, ...others] = node.arguments
    const array =
      others.length === 0 && first !== undefined && ts.isSpreadElement(first) ?
        bare(first.expression, context)
      : `[${list(node.arguments, context)}]`
    return `${callee(node, context)}(${array})`
  })

const endpointOptions = {
  addError: "error",
  addSuccess: "success",
  setHeaders: "headers",
  setPath: "params",
  setPayload: "payload",
  setUrlParams: "query"
}

/** The calls of `a(…).b(…).c(…)`, the first one first. */
const chainOf = (node) => {
  const calls = []
  for (let at = node; ; at = at.expression.expression) {
    if (!ts.isCallExpression(at) || !ts.isPropertyAccessExpression(at.expression)) return []
    calls.unshift(at)
    if (!ts.isCallExpression(at.expression.expression)) return calls
  }
}

const nameOfCall = (call) => {
  const name = call.expression.name.text
  return Object.hasOwn(properties, name) ? properties[name] : name
}

/** A schema with the status that it was given beside it. */
const schemaOf = ([schema, options], context) => {
  const status = /status: (\d+)/.exec(options?.getText() ?? "")?.[1]
  if (status === undefined) return bare(schema, context)
  context.needed.add("HttpApiSchema")
  return `${bare(schema, context)}.pipe(HttpApiSchema.status(${status}))`
}

/** A contract that is several schemas there, beside another one. */
const among = (value) => (value === "TokenEndpoint.TokenError" ? `...${value}` : value)

const withName = (node, context, name) => callee(node, context).replace(/\w+$/, name)

const forms = [
  arrayed("Schema.Union"),
  arrayed("Schema.Tuple"),
  callOf("Schema.Literal", (node, context) => {
    const [first, ...others] = node.arguments
    if (others.length === 0 && !ts.isSpreadElement(first)) return undefined
    const array =
      others.length === 0 ? bare(first.expression, context) : `[${list(node.arguments, context)}]`
    return `${withName(node, context, "Literals")}(${array})`
  }),
  callOf("Schema.Record", (node, context) => {
    const [argument] = node.arguments
    if (!ts.isObjectLiteralExpression(argument)) return undefined
    const of = (name) =>
      bare(argument.properties.find((property) => property.name.text === name).initializer, context)
    return `${callee(node, context)}(${of("key")}, ${of("value")})`
  }),
  callOf("Schema.optionalWith", (node, context) =>
    /^\{ exact: true \}$/.test(node.arguments[1]?.getText() ?? "") ?
      `${withName(node, context, "optionalKey")}(${bare(node.arguments[0], context)})`
    : undefined
  ),
  // the loggers are a set, and what is given takes the place of all
  callOf("Logger.replace", (node, context) => {
    const [replaced, logger] = node.arguments
    return isMember(replaced, context, "Logger.defaultLogger") ?
        `${withName(node, context, "layer")}([${bare(logger, context)}])`
      : undefined
  }),
  // what has namespaces within, such as Schema.Schema.Type, keeps its name
  (node, context) =>
    (
      ts.isQualifiedName(node) &&
      ts.isQualifiedName(node.left) &&
      isMember(node.left, context, "Schema.Schema") &&
      nowCalled("Schema", `Schema.${node.right.text}`) === undefined
    ) ?
      `${localOf("Schema", context)}.Schema.${node.right.text}`
    : undefined,
  callOf("Schema.transform", (node, context) => {
    const [from, to, options] = node.arguments
    if (options === undefined || !ts.isObjectLiteralExpression(options)) return undefined
    context.needed.add("SchemaTransformation")
    const functions = options.properties
      .filter((property) => property.name.text !== "strict")
      .map((property) => bare(property, context))
    return `${bare(from, context)}.pipe(${withName(node, context, "decodeTo")}(${bare(to, context)}, SchemaTransformation.transform({ ${functions.join(", ")} })))`
  }),
  callOf("Schema.filter", (node, context) => {
    const name = withName(node, context, "makeFilter")
    return `${withName(node, context, "check")}(${name}(${list(node.arguments, context)}))`
  }),
  // a default is an Effect, and needs no property signature
  (node, context) => {
    if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression))
      return undefined
    const kept = node.arguments.filter(
      (argument) => !isMember(argument, context, "Schema.propertySignature")
    )
    return kept.length === node.arguments.length ?
        undefined
      : `${callee(node, context)}(${list(kept, context)})`
  },
  callOf("Schema.withConstructorDefault", (node, context) => {
    const [argument] = node.arguments
    if (!ts.isArrowFunction(argument)) return undefined
    context.needed.add("Effect")
    return `${callee(node, context)}(Effect.succeed(${bare(argument.body, context)}))`
  }),
  callOf("Effect.timeoutFail", (node, context) => {
    const [argument] = node.arguments
    if (node.arguments.length !== 1 || !ts.isObjectLiteralExpression(argument)) return undefined
    const parts = argument.properties.map((property) =>
      property.name.text === "onTimeout" && ts.isArrowFunction(property.initializer) ?
        `orElse: () => ${callee(node, context).replace(/\.\w+$/, "")}.fail(${bare(property.initializer.body, context)})`
      : bare(property, context)
    )
    return `${withName(node, context, "timeoutOrElse")}({ ${parts.join(", ")} })`
  }),
  callOf("Effect.timeoutFailCause", (node, context) => {
    const [self, argument] = node.arguments
    if (argument === undefined) return undefined
    const of = (name) => argument.properties.find((property) => property.name.text === name)
    const cause = of("onTimeout").initializer
    const effect = callee(node, context).replace(/\.\w+$/, "")
    return `${withName(node, context, "timeoutOrElse")}(${bare(self, context)}, { ${bare(of("duration"), context)}, orElse: () => ${effect}.failCause(${bare(cause.body, context)}) })`
  }),
  callOf(
    "Deferred.unsafeMake",
    (node, context) => `${withName(node, context, "makeUnsafe")}${types(node, context)}()`
  ),
  callOf("HttpApiSchema.withEncoding", (node, context) => {
    const kinds = {
      Json: "asJson",
      Text: "asText",
      UrlParams: "asFormUrlEncoded",
      Uint8Array: "asUint8Array"
    }
    const kind = /kind: "(\w+)"/.exec(node.arguments[0].getText())?.[1]
    return kind in kinds ? `${withName(node, context, kinds[kind])}()` : undefined
  }),
  callOf("HttpApiSchema.annotations", (node, context) => {
    const [argument] = node.arguments
    return ts.isObjectLiteralExpression(argument) ?
        bare(argument, context).replace(/\bstatus:/, "httpApiStatus:")
      : undefined
  }),
  // a contract that is several schemas there, where one is asked for
  (node, context) =>
    (
      ts.isPropertyAccessExpression(node) &&
      node.getText() === "TokenEndpoint.TokenError" &&
      ts.isCallExpression(node.parent) &&
      memberOf(node.parent.expression, context)?.module === "Schema"
    ) ?
      `${localOf("Schema", context)}.Union(TokenEndpoint.TokenError)`
    : undefined,
  // class X extends Context.Tag("id")<X, Shape>() {}
  (node, context) => {
    if (!ts.isCallExpression(node) || node.typeArguments === undefined) return undefined
    const inner = node.expression
    if (!ts.isCallExpression(inner) || !isMember(inner.expression, context, "Context.Tag"))
      return undefined
    return `${withName(inner, context, "Service")}${types(node, context)}()(${list(inner.arguments, context)})`
  },
  // class X extends HttpApiMiddleware.Tag<X>()("id", { provides, failure, … }): what it provides is told as a type
  (node, context) => {
    if (!ts.isCallExpression(node) || !ts.isCallExpression(node.expression)) return undefined
    const inner = node.expression
    if (!isMember(inner.expression, context, "HttpApiMiddleware.Tag")) return undefined
    const [id, options] = node.arguments
    const told = new Map(
      (options?.properties ?? []).map((property) => [property.name.text, property])
    )
    const provides = told.get("provides")?.initializer
    if (provides !== undefined) context.needed.add("Context")
    const kind =
      provides === undefined ? "" : (
        `, { provides: Context.Key.Identifier<typeof ${bare(provides, context)}> }`
      )
    const left = [...told]
      .filter(([name]) => name !== "provides" && name !== "optional")
      .map(([, property]) => bare(property, context).replace(/^failure\b/, "error"))
    const rest = left.length === 0 ? "" : `, { ${left.join(", ")} }`
    return `${withName(inner, context, "Service")}<${list(inner.typeArguments, context)}${kind}>()(${bare(id, context)}${rest})`
  },
  // an interface that extends a tag is one: elsewhere the key is all that is asked for
  (node, context) =>
    ts.isExpressionWithTypeArguments(node) && isMember(node.expression, context, "Context.Tag") ?
      `${localOf(memberOf(node.expression, context).local, context)}.Service${types(node, context)}`
    : undefined,
  // an API and a group have no errors and no services of their own
  (node, context) => {
    if (!ts.isTypeReferenceNode(node) || node.typeArguments === undefined) return undefined
    const kept =
      isMember(node.typeName, context, "HttpApi.HttpApi") ? [0, 1]
      : isMember(node.typeName, context, "HttpApiGroup.HttpApiGroup") ? [0, 1, 4]
      : undefined
    if (kept === undefined) return undefined
    const left = kept.flatMap((index) => node.typeArguments[index] ?? [])
    return `${bare(node.typeName, context)}<${list(left, context)}>`
  },
  callOf(
    "Context.GenericTag",
    (node, context) =>
      `${withName(node, context, "Service")}${types(node, context)}(${list(node.arguments, context)})`
  ),
  callOf("Schema.Struct", (node, context) => {
    const [fields, ...rest] = node.arguments
    if (rest.length === 0) return undefined
    const struct = `${callee(node, context)}(${bare(fields, context)})`
    return `${withName(node, context, "StructWithRest")}(${struct}, [${list(rest, context)}])`
  }),
  // what an endpoint is told by methods is told when it is made
  (node, context) => {
    if (!ts.isCallExpression(node)) return undefined
    const calls = chainOf(node)
    const [first, ...others] = calls
    const root = first === undefined ? undefined : memberOf(first.expression, context)
    if (root?.module !== "HttpApiEndpoint" || first.arguments.length !== 2) return undefined
    const told = others.filter((call) => Object.hasOwn(endpointOptions, call.expression.name.text))
    if (told.length === 0) return undefined
    const options = new Map()
    for (const call of told) {
      const option = endpointOptions[call.expression.name.text]
      const values = options.get(option) ?? []
      options.set(option, [...values, schemaOf(call.arguments, context)])
    }
    const written = [...options].map(
      ([name, values]) =>
        `${name}: ${values.length === 1 ? values[0] : `[${values.map(among).join(", ")}]`}`
    )
    const made = `${callee(first, context)}(${list(first.arguments, context)}, { ${written.join(", ")} })`
    return others
      .filter((call) => !told.includes(call))
      .reduce((done, call) => `${done}.${nameOfCall(call)}(${list(call.arguments, context)})`, made)
  },
  callOf(
    "Effect.dieMessage",
    (node, context) =>
      `${withName(node, context, "die")}(new Error(${list(node.arguments, context)}))`
  ),
  callOf("Effect.yieldNow", (node, context) => callee(node, context)),
  callOf("Effect.repeatN", (node, context) => {
    const values = node.arguments.map((argument) => bare(argument, context))
    return `${withName(node, context, "repeat")}(${[...values.slice(0, -1), `{ times: ${values.at(-1)} }`].join(", ")})`
  }),
  ...["Clock", "ConfigProvider", "Tracer"].map((service) =>
    callOf(`Effect.with${service}`, (node, context) => {
      context.needed.add(service)
      const values = node.arguments.map((argument) => bare(argument, context))
      return `${withName(node, context, "provideService")}(${[...values.slice(0, -1), `${service}.${service}`, values.at(-1)].join(", ")})`
    })
  ),
  ...["ConfigProvider", "Tracer"].map((service) =>
    callOf(`Layer.set${service}`, (node, context) => {
      context.needed.add(service)
      return `${withName(node, context, "succeed")}(${service}.${service}, ${list(node.arguments, context)})`
    })
  ),
  callOf(
    "Effect.locally",
    (node, context) =>
      `${withName(node, context, "provideService")}(${list(node.arguments, context)})`
  ),
  callOf(
    "ConfigProvider.fromMap",
    (node, context) =>
      `${withName(node, context, "fromUnknown")}(Object.fromEntries(${list(node.arguments, context)}))`
  ),
  // an app is an Effect of an answer
  (node, context) => {
    if (!ts.isTypeReferenceNode(node) || !isMember(node.typeName, context, "HttpApp.Default")) {
      return undefined
    }
    const [error = "never", services] = (node.typeArguments ?? []).map((type) =>
      bare(type, context)
    )
    for (const name of ["Effect", "HttpServerRequest", "HttpServerResponse"])
      context.needed.add(name)
    const needs = `HttpServerRequest.HttpServerRequest${services === undefined || services === "never" ? "" : ` | ${services}`}`
    return `Effect.Effect<HttpServerResponse.HttpServerResponse, ${error}, ${needs}>`
  },
  (node, context) => {
    if (!isMember(node, context, "HttpServerRequest.upgrade")) return undefined
    const request = localOf(memberOf(node, context).local, context)
    context.needed.add("Effect")
    return `Effect.flatMap(${request}.HttpServerRequest, (request) => request.upgrade)`
  },
  // an address is one of two kinds there, and its path the third
  (node) =>
    ts.isBinaryExpression(node) && node.getText().endsWith('._tag === "TcpAddress"') ?
      node.getText().replace('=== "TcpAddress"', '!== "UnixPathAddress"')
    : undefined,
  (node) =>
    ts.isStringLiteral(node) && node.text === "TimeoutException" ? '"TimeoutError"' : undefined,
  // it.scoped of @effect/vitest: a test has a scope of its own
  (node) =>
    ts.isPropertyAccessExpression(node) && node.getText() === "it.scoped" ? "it.effect"
    : ts.isPropertyAccessExpression(node) && node.getText() === "it.scopedLive" ? "it.live"
    : undefined,
  // Either is Result, and so are its two sides
  (node, context) => {
    if (!context.text.includes("Effect.either") && !context.text.includes("Either."))
      return undefined
    if (
      ts.isPropertyAccessExpression(node) &&
      /^(?:left|right)$/.test(node.name.text) &&
      memberOf(node, context) === undefined
    ) {
      return `${bare(node.expression, context)}.${node.name.text === "left" ? "failure" : "success"}`
    }
    if (
      ts.isIdentifier(node) &&
      ts.isPropertyAssignment(node.parent) &&
      /^on(?:Left|Right)$/.test(node.text)
    ) {
      return node.text === "onLeft" ? "onFailure" : "onSuccess"
    }
    if (ts.isStringLiteral(node) && /^(?:Left|Right)$/.test(node.text)) {
      return node.text === "Left" ? '"Failure"' : '"Success"'
    }
    return undefined
  },
  // the methods of schemas and of APIs
  (node, context) => {
    if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression))
      return undefined
    const { expression, name } = node.expression
    if (name.text !== "annotations" || memberOf(node.expression, context) !== undefined)
      return undefined
    return `${bare(expression, context)}.annotate(${list(node.arguments, context)})`
  }
]

// ----------------------------------------------------------------------------
// examples in docstrings
// ----------------------------------------------------------------------------

const examples = (text, fileName) =>
  text.replace(/^( *)\* ```ts\n([\s\S]*?)^ *\* ```$/gm, (_all, indent, block) => {
    const code = block.replace(/^ *\* ?/gm, "")
    const done = toEffect4(code, fileName)
    return `${indent}* \`\`\`ts\n${done
      .replace(/\n$/, "")
      .split("\n")
      .map((line) => `${indent}*${line === "" ? "" : ` ${line}`}`)
      .join("\n")}\n${indent}* \`\`\``
  })

/**
 * A page: its blocks of code, the names in its text, and what it says of one line only. `<!-- effect-3 -->` begins what is not for
 * the other line and `<!-- /effect-3 -->` ends it; `<!-- effect-4` begins a comment that is text there.
 */
export const inMarkdown = (text) =>
  text
    .replace(/<!-- effect-3 -->[\s\S]*?<!-- \/effect-3 -->\n?/g, "")
    .replace(/<!-- effect-4[ \n]?([\s\S]*?)\n?-->/g, "$1")
    .split(/^(```[^\n]*\n[\s\S]*?^```$)/m)
    .map((part) =>
      part.startsWith("```ts") ?
        part.replace(
          /^(.*\n)([\s\S]*?)```$/,
          (_all, fence, code) => `${fence}${toEffect4(code)}\`\`\``
        )
      : part.startsWith("```") ? part
      : part.replace(/`[^`\n]+`/g, inText)
    )
    .join("")

/** What stands between backticks: names of modules and of their members. */
const inText = (code) =>
  code
    .replace(/\.(\w+)\b/g, (all, name) =>
      Object.hasOwn(properties, name) ? `.${properties[name]}` : all
    )
    .replace(/\b([A-Z]\w+)(?:\.(\w+))?\b/g, (all, module, name) => {
      if (!Object.hasOwn(modules, module) && !Object.hasOwn(members, module)) return all
      const now = name === undefined ? undefined : nowCalled(module, name)
      return (
        name === undefined ? nameOf(module)
        : now === undefined ? `${nameOf(module)}.${name}`
        : now.includes(".") ? now
        : `${nameOf(module)}.${now}`
      )
    })
