{{/* The name of the StatefulSet, of its service, and in front of all others. */}}
{{- define "proconsul.fullname" -}}
{{- .Values.global.name | default .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{/* Labels of everything. */}}
{{- define "proconsul.labels" -}}
app: proconsul
chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
release: {{ .Release.Name }}
heritage: {{ .Release.Service }}
{{- end -}}

{{/* What servers' pods are chosen by; it must never change. */}}
{{- define "proconsul.serverSelector" -}}
app: proconsul
release: {{ .Release.Name }}
component: server
{{- end -}}

{{- define "proconsul.clientSelector" -}}
app: proconsul
release: {{ .Release.Name }}
component: client
{{- end -}}

{{/* The servers' names, as a list in JSON; found by the pods' search path. */}}
{{- define "proconsul.servers" -}}
{{- $name := include "proconsul.fullname" . -}}
{{- $servers := list -}}
{{- range until (int .Values.server.replicas) -}}
{{- $servers = append $servers (printf "%s-%d.%s" $name . $name) -}}
{{- end -}}
{{- toJson $servers -}}
{{- end -}}

{{- define "proconsul.gossipSecret" -}}
{{- if .Values.global.gossipEncryption.secretName -}}
{{- .Values.global.gossipEncryption.secretName -}}
{{- else if .Values.global.gossipEncryption.autoGenerate -}}
{{- printf "%s-gossip-key" (include "proconsul.fullname" .) -}}
{{- end -}}
{{- end -}}

{{/* Variables that servers and clients have in common. The key of gossip gets
to the agent in a file that the entrypoint writes: on no command line. */}}
{{- define "proconsul.environment" -}}
- name: POD_IP
  valueFrom: {fieldRef: {fieldPath: status.podIP}}
{{- if include "proconsul.gossipSecret" . }}
- name: GOSSIP_KEY
  valueFrom:
    secretKeyRef:
      name: {{ include "proconsul.gossipSecret" . }}
      key: {{ .Values.global.gossipEncryption.secretKey }}
- name: CONSUL_LOCAL_CONFIG
  value: '{"encrypt": "$(GOSSIP_KEY)"}'
{{- end }}
{{- end -}}

{{- define "proconsul.image" -}}
image: {{ .Values.global.image | quote }}
imagePullPolicy: {{ .Values.global.imagePullPolicy }}
{{- end -}}
