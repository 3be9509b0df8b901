import type { MappingStateFragment } from '../generated/operations.js';

/** Whether a mapping is published, and what runs it. */
export function MappingState({
  administration,
}: {
  readonly administration: MappingStateFragment['administration'];
}) {
  if (!administration) {
    return (
      <span className="muted" title="The upstream does not report the state of mappings">
        Not told
      </span>
    );
  }
  const { publication, execution } = administration;
  if (publication === 'UNPUBLISHED') return <span className="badge">Not published</span>;
  return execution === 'STARTED' ? (
    <span className="badge busy">Started</span>
  ) : (
    <span className="badge">Stopped</span>
  );
}
