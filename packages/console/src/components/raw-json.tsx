/** The gateway's answer, unchanged. */
export function RawJson({ value }: { readonly value: unknown }) {
  return (
    <details className="card">
      <summary>
        <strong>JSON</strong>
      </summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys */}
      <pre tabIndex={0}>{JSON.stringify(value, null, 2)}</pre>
    </details>
  );
}
