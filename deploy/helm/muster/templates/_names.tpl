{{/* What everything of this installation is called. */}}
{{- define "muster.fullname" -}}
{{ contains "muster" .Release.Name | ternary .Release.Name (printf "%s-muster" .Release.Name) | trunc 50 | trimSuffix "-" }}
{{- end }}

{{/* Name of a part: dict root, name. */}}
{{- define "muster.name" -}}
{{ include "muster.fullname" .root }}-{{ .name }}
{{- end }}

{{/* What a part's pods are found by: dict root, name. */}}
{{- define "muster.selector" -}}
app.kubernetes.io/name: muster
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .name }}
{{- end }}

{{/* The pods that use the broker and the database. */}}
{{- define "muster.services" -}}
matchLabels:
  app.kubernetes.io/name: muster
  app.kubernetes.io/instance: {{ .Release.Name }}
matchExpressions:
  - { key: app.kubernetes.io/component, operator: In, values: [registry, chat, api, backup, migrate] }
{{- end }}

{{/* dict root, name. */}}
{{- define "muster.labels" -}}
{{ include "muster.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{/* Name and labels of an object: dict root, name. */}}
{{- define "muster.metadata" -}}
name: {{ include "muster.name" . }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "muster.labels" . | nindent 2 }}
{{- end }}

{{/* Name of the broker's service, where it is ours. */}}
{{- define "muster.nats" -}}
{{ .Release.Name }}-nats
{{- end }}

{{- define "muster.brokerUrl" -}}
{{- $ours := empty .Values.nats.enabled | ternary "" (printf "nats://%s:4222" (include "muster.nats" .)) -}}
{{ required "broker.url: say where the broker is, or let there be one by nats.enabled" (.Values.broker.url | default $ours) }}
{{- end }}

{{/* The page's name, if it has one here. */}}
{{- define "muster.host" -}}
{{- if .Values.ingress.enabled }}{{ required "ingress.host: say the page's name" .Values.ingress.host }}
{{- else if .Values.gateway.enabled }}{{ required "gateway.host: say the page's name" .Values.gateway.host }}
{{- end }}
{{- end }}

{{/* Whether workers come by the page's host: only a broker of ours can be behind it. */}}
{{- define "muster.workersByHost" -}}
{{- if and .Values.workers.enabled .Values.nats.enabled }}yes{{ end }}
{{- end }}
