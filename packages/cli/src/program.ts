import { readFileSync } from 'node:fs';
import addCompletion from '@bomb.sh/tab/commander';
import { Command, InvalidArgumentError, Option } from 'commander';
import {
  cancel,
  endWatch,
  jobs,
  mappings,
  publish,
  schedule,
  stop,
  unpublish,
} from './administration.js';
import { type Context, type Surroundings, withContext } from './context.js';
import { doctor } from './doctor.js';
import { parseDuration } from './duration.js';
import { activity, list, start, status, watch } from './ingestions.js';
import { login } from './login.js';
import { outputForms } from './output.js';
import { runServiceScript, type ServiceScript } from './service.js';

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

/** What a command does with its arguments and options. */
type Act<Args extends readonly string[], Options> = (
  context: Context,
  ...given: [...Args, Options]
) => Promise<void>;

/**
 * All commands; docs/command-line.md describes them.
 *
 * @param isCompleting - whether a shell asks for completions
 */
export function createProgram(surroundings: Surroundings, isCompleting: boolean): Command {
  const program = new Command('sluice')
    .description('Start and watch ingestions through a Sluice gateway.')
    .version(manifest.version)
    .option('--url <url>', 'the gateway (SLUICE_URL, or from the profile)')
    .option('--token-file <file>', 'a file with the API key or access token (SLUICE_TOKEN_FILE)')
    .option('--profile <name>', 'the profile that login saved (SLUICE_PROFILE, or "default")')
    .addOption(
      new Option('-o, --output <form>', 'how data is written to standard output')
        .choices(outputForms)
        .default('text'),
    )
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('sluice --help lists commands and options.')
    .exitOverride();

  /** Run a command with a gateway. */
  function act<Args extends readonly string[], Options>(
    command: Command,
    run: Act<Args, Options>,
    { isList = false } = {},
  ): void {
    command.action(async (...given: unknown[]) => {
      // Commander passes the arguments, the options and the command.
      const args = given.slice(0, -1) as [...Args, Options];
      await withContext(command, surroundings, isList, (context) => run(context, ...args));
    });
  }

  act(
    program
      .command('start <mapping>')
      .description('start an ingestion of a mapping')
      .option('--wait', 'follow it to its end', false)
      .addOption(timeoutOption())
      .option('--retry-on-abort <n>', 'retry it so many times if it is aborted', toCount(0, 5), 0)
      .option(
        '--idempotency-key <key>',
        'starts once per key, however often you repeat it (default: random)',
      ),
    start,
  );
  act(
    program
      .command('watch <mapping> <request>')
      .description('follow a request to its end')
      .addOption(timeoutOption()),
    watch,
    { isList: true },
  );
  act(
    program.command('status <mapping> <request>').description('show the status of a request'),
    status,
  );
  act(
    program
      .command('list')
      .description('list requests, newest first')
      .addOption(mappingOption())
      .addOption(statusOption('SUCCESS', 'FAILED', 'ABORTED', 'IN_PROGRESS'))
      .option('--started-by <caller>', 'only requests that this caller started')
      .addOption(limitOption()),
    list,
    { isList: true },
  );
  act(
    program
      .command('activity')
      .description('show all transitions, until interrupted')
      .addOption(mappingOption())
      .addOption(statusOption('SUCCESS', 'FAILED', 'ABORTED', 'IN_PROGRESS'))
      .option('--after <cursor>', 'begin after this cursor (default: now)'),
    activity,
  );
  act(program.command('mappings').description('list mappings').addOption(limitOption()), mappings, {
    isList: true,
  });
  act(
    program
      .command('publish <mapping>')
      .description('publish a mapping, and have the scheduler run it')
      .option('--resend', 'send everything again', false),
    publish,
  );
  act(
    program
      .command('unpublish <mapping>')
      .description('unpublish a mapping, so that nothing runs it'),
    unpublish,
  );
  act(
    program
      .command('stop <mapping>')
      .description('stop a mapping: the scheduler no longer runs it'),
    stop,
  );
  act(
    program
      .command('schedule <mapping>')
      .description('start a mapping: the scheduler runs it again'),
    schedule,
  );
  act(
    program
      .command('jobs')
      .description('list executions of mappings, newest first')
      .addOption(mappingOption())
      .addOption(statusOption('CREATED', 'UPLOADED', 'SUCCESS', 'FAILED'))
      .addOption(limitOption()),
    jobs,
    { isList: true },
  );
  act(program.command('cancel <job>').description('stop a running job'), cancel);
  act(
    program.command('end-watch <mapping> <request>').description('stop polling a request'),
    endWatch,
  );
  act(
    program
      .command('doctor')
      .description('check the connection, and say what is wrong and what to do'),
    (context, _options: object) => doctor(context, manifest.version),
    { isList: true },
  );
  const loginCommand = program.command('login').description('save a gateway and a token');
  loginCommand.action(() => login(loginCommand.optsWithGlobals(), surroundings));

  function addServiceScript(script: ServiceScript, description: string): Command {
    return program
      .command(`${script} <file>`)
      .description(description)
      .addOption(new Option('--service <dir>', 'a checkout of Sluice').env('SLUICE_SERVICE_DIR'));
  }
  interface ServiceOptions {
    readonly service?: string;
    readonly rows?: number;
  }
  addServiceScript('check', 'read a mapping and its whole source, and report problems').action(
    (file: string, { service }: ServiceOptions) => runServiceScript('check', file, service),
  );
  addServiceScript('preview', 'show the first records of a mapping as they would be sent')
    .option('--rows <n>', 'how many', toCount(1), 20)
    .action((file: string, { service, rows }: ServiceOptions) =>
      runServiceScript('preview', file, service, ['--rows', String(rows)]),
    );
  addServiceScript('infer', 'write a first mapping for a CSV file').action(
    (file: string, { service }: ServiceOptions) => runServiceScript('infer', file, service),
  );
  if (isCompleting) {
    // Options of all commands are allowed after each of them.
    for (const command of program.commands) {
      for (const option of program.options) command.addOption(option);
    }
  }
  addCompletion(program, { completionCommandName: 'completion' });
  return program;
}

function timeoutOption(): Option {
  return new Option('--timeout <time>', 'wait no longer, such as 90s or 10m').argParser(
    parseDuration,
  );
}

function mappingOption(): Option {
  return new Option('--mapping <id>', 'only this mapping; may be given several times').argParser(
    collect,
  );
}

function statusOption(...names: readonly string[]): Option {
  const option = new Option('--status <status>', 'only this status; may be given several times');
  option.choices(names);
  return option.argParser((name: string, earlier: readonly string[] | undefined) => {
    if (names.includes(name)) return collect(name, earlier);
    throw new InvalidArgumentError(`Allowed choices are ${names.join(', ')}.`);
  });
}

function limitOption(): Option {
  return new Option('--limit <n>', 'the maximum number').default(25).argParser(toCount(1));
}

function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}

function toCount(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const count = Number(text);
    if (/^\d+$/.test(text) && count >= min && count <= max) return count;
    const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
    throw new InvalidArgumentError(`Expected a whole number ${range}.`);
  };
}
