import { setTimeout } from 'node:timers/promises';

/**
 * The value of a gauge or counter at /metrics of the gateway at this URL.
 *
 * @param name - with its labels as they are printed, or without any: then of the first there is
 */
export async function readMetric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text
    .split('\n')
    .find((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  return Number(line?.slice(line.lastIndexOf(' ')));
}

/** The delay between two reads, in ms, so that they do not slow down the gateway. */
const LOOK_MS = 15;

/** Wait until a metric has a value: it changes after the last message that a client sees. */
export async function untilMetric(url: string, name: string, value: number): Promise<void> {
  while ((await readMetric(url, name)) !== value) {
    await setTimeout(LOOK_MS);
  }
}
