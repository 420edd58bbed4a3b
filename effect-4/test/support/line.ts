/** What the platform does on this line of Effect, where the two differ and a test has to know. */

/** Whether printing a client's response reads its body. */
export const printingReads: boolean = false
