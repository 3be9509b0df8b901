import type { ReportedState } from './ingestion-request.js';
import { afterMappingId } from './mapping-name.js';

/** Why a request is FAILED or ABORTED, extracted from the upstream's free text. */
export interface IngestionFailure {
  /** Such as `ACP-880056`; null if the text has none. */
  readonly code: string | null;
  /** The text without its `Mapping Id: …` prefix and without the code. */
  readonly message: string;
  /** Whether submitting a new request may help. */
  readonly isRetryable: boolean;
}

/**
 * Codes after which a new request may succeed without anybody fixing something first: a source that could not be read
 * may be readable a moment later. ACP-880096 is not among them, because its own text refers to the error in the
 * Platform UI; nor are the codes of mapping validation.
 */
const retryableCodes: ReadonlySet<string> = new Set(['ACP-880056']);

/**
 * The failure that a state reports, or null if it reports none.
 *
 * ABORTED is always retryable: the upstream's own text asks for a new request.
 */
export function toIngestionFailure(
  state: ReportedState,
  mappingId: string,
): IngestionFailure | null {
  switch (state.status) {
    case 'IN_PROGRESS':
    case 'SUCCESS':
      return null;
    case 'FAILED':
    case 'ABORTED': {
      const text = withoutMapping(state.info, mappingId);
      const code = /\bACP-\d+\b/.exec(text)?.[0] ?? null;
      const isRetryable = state.status === 'ABORTED' || (code !== null && retryableCodes.has(code));
      return { code, message: withoutCode(text, code) || state.info, isRetryable };
    }
  }
}

/** A mapping id may itself look like a code. */
function withoutMapping(info: string, mappingId: string): string {
  const prefix = 'Mapping Id: ';
  const rest = info.startsWith(prefix)
    ? afterMappingId(info.slice(prefix.length), mappingId)
    : null;
  return (rest === null ? info : rest.replace(/^[.,;:]/, '')).trim();
}

function withoutCode(text: string, code: string | null): string {
  return code !== null && text.startsWith(code) ? text.slice(code.length).trim() : text;
}
