import { join } from 'node:path';
import type { ResumableOptions } from '@sluice/client';
import { build } from 'rolldown';
import type { Followed } from '../crash/follower.js';
import { type CutOffBrowser, openCutOffBrowser } from '../support/browser.js';
import type { CreateMember, Listener } from './libraries.js';
import type { CutsPage, Told } from './page.js';

/** The page's side, in the types of this side. */
type Remote = { readonly cutsPage: CutsPage };

interface OpenPage {
  readonly browser: CutOffBrowser;
  readonly listeners: Map<number, Listener>;
}

/** Libraries as a page in a headless browser uses them: one page for all. */
export function inBrowser(names: readonly string[]): Readonly<Record<string, CreateMember>> {
  let opened: Promise<OpenPage> | null = null;
  let memberCount = 0;
  let subscriptionCount = 0;
  let closedCount = 0;

  const createMember =
    (library: string): CreateMember =>
    async (url, options) => {
      memberCount += 1;
      const memberId = memberCount;
      opened ??= openPage(url);
      const { browser, listeners } = await opened;
      const { page } = browser;
      const start = { memberId, library, url, options };
      await page.evaluate(
        (args: { memberId: number; library: string; url: string; options: ResumableOptions }) =>
          (globalThis as unknown as Remote).cutsPage.open(
            args.memberId,
            args.library,
            args.url,
            args.options,
          ),
        start,
      );
      return {
        subscribe(followed, listener) {
          subscriptionCount += 1;
          const id = subscriptionCount;
          listeners.set(id, listener);
          page
            .evaluate(
              (args: { memberId: number; id: number; followed: Followed }) =>
                (globalThis as unknown as Remote).cutsPage.subscribe(
                  args.memberId,
                  args.id,
                  args.followed,
                ),
              { memberId, id, followed },
            )
            .catch(listener.fail);
          return () => {
            listeners.delete(id);
            page
              .evaluate(
                (left: number) => (globalThis as unknown as Remote).cutsPage.leave(left),
                id,
              )
              // The page may be closed by then.
              .catch(() => {});
          };
        },
        ...(library !== 'EventSource' && {
          ready: () =>
            page.evaluate(
              (own: number) => (globalThis as unknown as Remote).cutsPage.ready(own),
              memberId,
            ),
        }),
        async close() {
          closedCount += 1;
          if (closedCount === memberCount) await browser[Symbol.asyncDispose]();
        },
      };
    };

  return Object.fromEntries(names.map((name) => [`${name} in a browser`, createMember(name)]));
}

async function openPage(url: string): Promise<OpenPage> {
  const { origin } = new URL(url);
  const [script, browser] = await Promise.all([bundle(), openCutOffBrowser(origin)]);
  const { page } = browser;
  const listeners = new Map<number, Listener>();
  await page.exposeFunction('tell', (id: number, told: Told) => {
    const listener = listeners.get(id);
    switch (told.kind) {
      case 'next':
        return listener?.next(told.data);
      case 'fail':
        return listener?.fail(told.failure);
      case 'complete':
        return listener?.complete();
    }
  });
  await page.route('**/page', (route) =>
    route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>Cuts</title>' }),
  );
  await page.goto(`${origin}/page`);
  await page.addScriptTag({ content: script });
  return { browser, listeners };
}

async function bundle(): Promise<string> {
  const { output } = await build({
    input: join(import.meta.dirname, 'page.js'),
    platform: 'browser',
    transform: { define: { 'process.env.NODE_ENV': '"production"' } },
    // Its default is a pattern, which it does not know as one of this world of jest's.
    output: { sourcemapIgnoreList: false, format: 'iife' },
    write: false,
  });
  return output[0].code;
}
