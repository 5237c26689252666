{{/* What finds the pods of F2S: peers, Services and policies select by it, so it never changes. */}}
{{- define "f2s.selector" -}}
app.kubernetes.io/name: f2s
app.kubernetes.io/component: server
{{- end }}

{{/* What every object of the chart says about itself. Helm adds app.kubernetes.io/managed-by. */}}
{{- define "f2s.labels" -}}
app.kubernetes.io/name: f2s
app.kubernetes.io/part-of: f2s
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}

{{- define "f2s.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Seconds that a pod of F2S has to end: it goes on for a while, finishes what it has, and some more for itself. */}}
{{- define "f2s.gracePeriod" -}}
{{- $f2s := (.Values.config | default dict).f2s | default dict -}}
{{- $limits := $f2s.limits | default dict -}}
{{- $delay := hasKey $f2s "shutdown_delay" | ternary $f2s.shutdown_delay 0 -}}
{{- $drain := hasKey $limits "drain_timeout" | ternary $limits.drain_timeout 30000 -}}
{{- add (div (add (int64 $delay) (int64 $drain) 999) 1000) 15 -}}
{{- end }}

{{/* Name of what the release has where functions run; two releases may run theirs in one namespace. Without a namespace
a chart is only linted. */}}
{{- define "f2s.functions" -}}
{{ .Release.Namespace | default .Release.Name }}-functions
{{- end }}
