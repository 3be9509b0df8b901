import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach } from '@jest/globals';
import { compileCacheEnv } from './compile-cache.js';
import { type ScriptedUpstream, startScriptedUpstream } from './scripted-upstream.js';
import { standInFor } from './stand-in.js';

/** The program's file. */
export const MAIN = resolve('dist', 'bin', 'main.js');

/** The built program as a process of its own, in a directory of its own. */
export interface Program {
  readonly child: ChildProcess;
  /** Resolves with the URL that it says it is ready at. */
  readonly ready: Promise<string>;
  /** Resolves with how it ended and all that it printed. */
  readonly ended: Promise<{
    readonly code: number | null;
    readonly stdout: string;
    readonly stderr: string;
  }>;
}

/** Programs that a test runs. */
export interface UsedPrograms {
  readonly upstream: ScriptedUpstream;
  /** The directory that they run in. */
  directory(): string;
  run(environment: Record<string, string>, ...nodeOptions: string[]): Program;
  /** The environment of one in front of the upstream. */
  remote(): Record<string, string>;
}

/** A directory and an upstream for each test of the file that calls this. */
export function usePrograms(): UsedPrograms {
  let directory: string;
  let upstream: ScriptedUpstream;
  let programs: Program[];

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'sluice-process-'));
    upstream = await startScriptedUpstream();
    programs = [];
  });

  afterEach(async () => {
    // A test that failed half-way leaves nothing behind.
    for (const { child, ended } of programs) {
      child.kill('SIGKILL');
      await ended;
    }
    await upstream.close();
    rmSync(directory, { recursive: true });
  });

  function run(environment: Record<string, string>, ...nodeOptions: string[]): Program {
    const child = spawn(process.execPath, [...nodeOptions, MAIN], {
      cwd: directory,
      env: { PATH: process.env.PATH, ...compileCacheEnv, ...environment },
    });
    let stdout = '';
    let stderr = '';
    const { promise: ready, resolve, reject } = Promise.withResolvers<string>();
    ready.catch(() => {});
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
      const url = /Sluice is ready\..* WebSocket: (http:\/\/\S+?)\/graphql/.exec(stdout)?.[1];
      if (url) resolve(url);
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
    });
    const ended = once(child, 'close').then(([code]) => {
      reject(new Error(`It ended: ${stdout}${stderr}`));
      return { code: code as number | null, stdout, stderr };
    });
    const program = { child, ready, ended };
    programs.push(program);
    return program;
  }

  return {
    upstream: standInFor(() => upstream),
    directory: () => directory,
    run,
    remote: () => ({
      PORT: '0',
      CAMPAIGN_URL: upstream.url,
      CAMPAIGN_ORGANIZATION: 'acme',
      CAMPAIGN_API_KEY: 'planted-key',
      CAMPAIGN_ACCESS_TOKEN: 'planted-token',
      DRAIN_DELAY_MS: '0',
    }),
  };
}
