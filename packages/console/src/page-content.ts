/** What the gateway wrote into the page, as declared in `src/server/pages/console.ts`. */
export interface PageContent {
  /** Null if there is no explorer. */
  readonly explorerPath?: string | null;
  /** Null where people paste a key or a token. */
  readonly openId?: {
    readonly issuer: string;
    readonly clientId: string;
    readonly scope: string;
  } | null;
}

/** What the gateway wrote into the page. */
export const pageContent: PageContent = JSON.parse(
  document.querySelector<HTMLMetaElement>('meta[name="sluice-console"]')?.content ?? '{}',
);
