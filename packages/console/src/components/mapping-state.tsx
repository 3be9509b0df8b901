import type { MappingStateFragment } from '../generated/operations.js';

/** Whether a mapping is published, and who runs it. */
export function MappingState({
  administration,
}: {
  readonly administration: MappingStateFragment['administration'];
}) {
  if (!administration) {
    return (
      <span className="muted" title="The upstream does not tell where a mapping stands">
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
