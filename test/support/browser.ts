import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

/** Where systems install Chromium or a browser based on it. */
const USUAL_PATHS = [
  // Chromium without a window, which takes less of a processor.
  '/usr/bin/chromium-headless-shell',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
];

/** Less than a test's own timeout, so that a failure names the step. */
const STEP_TIMEOUT_MS = 20_000;

/** A headless browser without a history, which reaches one host and nothing else. */
export interface CutOffBrowser extends AsyncDisposable {
  readonly page: Page;
  /** Every address of another host that a page requested; none was reached. */
  readonly strayRequests: readonly string[];
  /** The errors that pages threw or logged. */
  readonly faults: readonly string[];
}

/**
 * Open a browser whose pages reach these origins only, over HTTP and over WebSocket.
 *
 * @param origins - such as `http://127.0.0.1:4000`, all with the same host name
 * @throws where this machine has no Chromium that is known of
 */
export async function openCutOffBrowser(...origins: [string, ...string[]]): Promise<CutOffBrowser> {
  const executablePath = findChromium();
  const profileDir = await mkdtemp(join(tmpdir(), 'explorer-browser-'));
  const { hostname } = new URL(origins[0]);
  const context = await chromium.launchPersistentContext(profileDir, {
    executablePath,
    headless: true,
    locale: 'en-GB',
    viewport: { width: 1440, height: 900 },
    // Nobody sees animations, which are painted sixty times a second.
    reducedMotion: 'reduce',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      // A page made up by a test has no address, and otherwise would not reach a gateway on this machine.
      // Nor does it need a process kept ready for the next site.
      '--disable-features=LocalNetworkAccessChecks,SpareRendererForSitePerProcess',
      // One process for all pages, and none that only paints.
      '--disable-site-isolation-trials',
      '--renderer-process-limit=1',
      '--in-process-gpu',
      '--disable-gpu-compositing',
      '--disable-software-rasterizer',
      '--disable-lcd-text',
      // Also cuts off the browser's own requests.
      `--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE ${hostname}`,
    ],
  });
  context.setDefaultTimeout(STEP_TIMEOUT_MS);
  const strayRequests = await cutOff(
    context,
    new Set(origins.map((origin) => new URL(origin).host)),
  );
  const faults = collectFaults(context);
  const [page = await context.newPage()] = context.pages();
  return {
    page,
    strayRequests,
    faults,
    async [Symbol.asyncDispose]() {
      await context.close();
      await rm(profileDir, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

function findChromium(): string {
  const { CHROMIUM_PATH } = process.env;
  if (CHROMIUM_PATH) {
    if (existsSync(CHROMIUM_PATH)) return CHROMIUM_PATH;
    throw new Error(`There is no browser at CHROMIUM_PATH=${CHROMIUM_PATH}.`);
  }
  const found = USUAL_PATHS.find((path) => existsSync(path));
  if (found) return found;
  throw new Error(
    'No Chromium was found: install it (Debian: apt-get install chromium-headless-shell), or set CHROMIUM_PATH to a Chromium or Chrome.',
  );
}

async function cutOff(
  context: BrowserContext,
  hosts: ReadonlySet<string>,
): Promise<readonly string[]> {
  const strayRequests: string[] = [];
  const isStray = (url: URL) => /^(?:http|ws)s?:$/.test(url.protocol) && !hosts.has(url.host);
  await context.route(isStray, async (route) => {
    strayRequests.push(route.request().url());
    await route.abort();
  });
  await context.routeWebSocket(isStray, async (socket) => {
    strayRequests.push(socket.url());
    await socket.close();
  });
  return strayRequests;
}

function collectFaults(context: BrowserContext): readonly string[] {
  const faults: string[] = [];
  context.on('weberror', (webError) => faults.push(String(webError.error())));
  context.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  return faults;
}
