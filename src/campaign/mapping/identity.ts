/** How sure it is that the person is the one whom an identity names, as XDM says it. */
export const AUTHENTICATED_STATES = ['ambiguous', 'authenticated', 'loggedOut'] as const;

/** One of {@link AUTHENTICATED_STATES}. */
export type AuthenticatedState = (typeof AUTHENTICATED_STATES)[number];
