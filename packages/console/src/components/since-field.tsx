interface SinceFieldProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** Chooses how far back a page looks. */
export function SinceField({ value, onChange }: SinceFieldProps) {
  return (
    <label>
      Since
      <select value={value} onChange={(event) => onChange(event.target.value)}>
        <option value="">Any time</option>
        <option value="1h">The last hour</option>
        <option value="24h">The last day</option>
        <option value="168h">The last week</option>
      </select>
    </label>
  );
}
