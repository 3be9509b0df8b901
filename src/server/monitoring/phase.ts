/**
 * The phase of this process.
 *
 *     serving ──▶ leaving: keeps serving, and tells balancers to send nothing more
 *        └───────────┴──▶ draining: finishes what is in progress, and accepts nothing new
 */
export type Phase = 'serving' | 'leaving' | 'draining';
