/**
 * Who may call: callers who sign in, everybody who reaches the address, or only programs on this machine if there is
 * no sign-in and nobody has allowed more.
 */
export type Audience = 'callers' | 'everybody' | 'thisMachine';
