/**
 * Guarded routes in the router that is a value: there is none.
 *
 * @since 0.1.0
 */
export {}
