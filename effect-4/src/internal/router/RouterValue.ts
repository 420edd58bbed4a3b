/**
 * Guarded routes in the router that is a value: there is none.
 *
 * @since 0.1.0
 */
// oxlint-disable-next-line unicorn/require-module-specifiers -- it is a module all the same
export {}
