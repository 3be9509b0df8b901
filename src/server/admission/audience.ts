/**
 * Who may call: those who sign in; everybody who reaches the address; or the programs of this machine, where
 * there is no sign-in and nobody has allowed more.
 */
export type Audience = 'callers' | 'everybody' | 'thisMachine';
