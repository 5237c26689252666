{{/* The labels by which peers, Services and policies select the pods of F2S. They must never change. */}}
{{- define "f2s.selector" -}}
app.kubernetes.io/name: f2s
app.kubernetes.io/component: server
{{- end }}

{{/* The labels of every object of the chart. Helm adds app.kubernetes.io/managed-by. */}}
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

{{/* The seconds in which a pod of F2S must end: the delay, the drain, and some time for F2S itself. */}}
{{- define "f2s.gracePeriod" -}}
{{- $f2s := (.Values.config | default dict).f2s | default dict -}}
{{- $limits := $f2s.limits | default dict -}}
{{- $delay := hasKey $f2s "shutdown_delay" | ternary $f2s.shutdown_delay 0 -}}
{{- $drain := hasKey $limits "drain_timeout" | ternary $limits.drain_timeout 30000 -}}
{{- add (div (add (int64 $delay) (int64 $drain) 999) 1000) 15 -}}
{{- end }}

{{/* The contents of config.yaml. */}}
{{- define "f2s.config" -}}
{{- $config := deepCopy (.Values.config | default dict) -}}
{{- $f2s := $config.f2s | default dict -}}
{{- if not (or $f2s.auth .Values.allowUnauthenticated) -}}
{{- $config = set $config "f2s" (set $f2s "auth" .Values.auth) -}}
{{- end -}}
{{- toYaml $config -}}
{{- end }}

{{/* The group of the first API token; empty if F2S issues none. With config.f2s.auth, the user decides who
administrates F2S. */}}
{{- define "f2s.initialTokenGroup" -}}
{{- $f2s := (.Values.config | default dict).f2s | default dict -}}
{{- if not (or .Values.allowUnauthenticated $f2s.auth) -}}
{{- (.Values.initialToken | default dict).group -}}
{{- end -}}
{{- end }}

{{/* The name of the release's objects in the namespace of functions; two releases may share that namespace. The release
has no namespace only when the chart is linted. */}}
{{- define "f2s.functions" -}}
{{ .Release.Namespace | default .Release.Name }}-functions
{{- end }}
