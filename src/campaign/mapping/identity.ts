/** How certain it is that an identity belongs to the person, in XDM's terms. */
export const AUTHENTICATED_STATES = ['ambiguous', 'authenticated', 'loggedOut'] as const;

/** One of {@link AUTHENTICATED_STATES}. */
export type AuthenticatedState = (typeof AUTHENTICATED_STATES)[number];
