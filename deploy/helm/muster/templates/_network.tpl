{{/* The labels that the chart of NATS gives to its servers. */}}
{{- define "muster.natsSelector" -}}
app.kubernetes.io/name: nats
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: nats
{{- end }}

{{/* The cluster's DNS, wherever it runs. */}}
{{- define "muster.egress.names" -}}
- ports:
    - { port: 53, protocol: UDP }
    - { port: 53, protocol: TCP }
{{- end }}

{{- define "muster.egress.broker" -}}
{{- if .Values.nats.enabled -}}
- ports: [{ port: 4222 }]
  to:
    - podSelector:
        matchLabels:
          {{- include "muster.natsSelector" . | nindent 10 }}
{{- else -}}
- ports: [{ port: {{ .Values.networkPolicy.brokerPort }} }]
{{- end }}
{{- end }}

{{- define "muster.egress.database" -}}
{{- if .Values.postgres.enabled -}}
- ports: [{ port: 5432 }]
  to:
    - podSelector:
        matchLabels:
          {{- include "muster.selector" (dict "root" . "name" "postgres") | nindent 10 }}
{{- else -}}
- ports: [{ port: {{ .Values.networkPolicy.databasePort }} }]
  {{- with .Values.networkPolicy.database }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- end }}
