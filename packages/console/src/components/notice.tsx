import type { ReactNode } from 'react';

/** Something to know or to do, in a box. */
export function Notice({
  kind,
  title,
  children,
}: {
  readonly kind: 'error' | 'warning' | 'info';
  readonly title: string;
  readonly children?: ReactNode;
}) {
  return (
    <div className={`notice ${kind}`} role={kind === 'error' ? 'alert' : undefined}>
      <strong>{title}</strong>
      {children && <div>{children}</div>}
    </div>
  );
}
