/**
 * Where this process stands.
 *
 *     serving ──▶ leaving: serves on, and tells balancers to send nothing more
 *        └───────────┴──▶ draining: finishes what is under way, and takes nothing new
 */
export type Phase = 'serving' | 'leaving' | 'draining';
